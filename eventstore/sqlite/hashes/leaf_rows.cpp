#include "eventstore/sqlite/hashes/leaf_rows.hpp"

#include "eventstore/sqlite/files/event_flags.hpp"
#include "eventstore/sqlite/index/runs.hpp"

#include <stele/eventstore/format.hpp>
#include <stele/eventstore/hashtree/leaf.hpp>

#include <fmt/format.h>

namespace stele::inline v0::detail {
namespace {

constexpr std::size_t most_names = 1U << 16U;  // of each table: some megabytes

}  // namespace

leaf_rows::leaf_rows(connection& db)
    : query_(db.prepare("SELECT position, version, recorded_at, id, stream, type, flags, tags, payload, metadata FROM "
                        "events WHERE position > ?1 AND position <= ?2 ORDER BY position")),
      streams_(db.prepare("SELECT name FROM streams WHERE id = ?1")),
      types_(db.prepare("SELECT name FROM types WHERE id = ?1")),
      tags_(db.prepare("SELECT name FROM stele_tags WHERE id = ?1")) {}

reset_guard leaf_rows::read(std::uint64_t after, std::uint64_t up_to) {
    query_.bind(1, static_cast<std::int64_t>(after));
    query_.bind(2, static_cast<std::int64_t>(up_to));
    return reset_guard(query_);
}

bool leaf_rows::next() {
    return query_.step();
}

std::uint64_t leaf_rows::position() const {
    return static_cast<std::uint64_t>(query_.column_int64(0));
}

std::expected<tree_hash, std::string> leaf_rows::leaf() {
    auto read = event();
    if (!read) return std::unexpected(read.error());
    if (query_.column_is_null(7)) return leaf_hash(*read);
    const auto list = tags(query_.column_bytes(7));
    if (!list) return std::unexpected(list.error());
    read->tags = *list;
    return leaf_hash(*read);
}

std::expected<recorded_event, std::string> leaf_rows::event() {
    const auto id = uuid::from_bytes(query_.column_bytes(3));
    if (!id) return std::unexpected(fmt::format("its id has {} bytes", query_.column_bytes(3).size()));
    const auto* const stream = streams_.find(query_.column_int64(4));
    if (stream == nullptr) return std::unexpected("its stream is missing");
    const auto* const type = types_.find(query_.column_int64(5));
    if (type == nullptr) return std::unexpected("its type is missing");
    const auto content = content_of(query_.column_int64(6));
    if (!content) return std::unexpected(fmt::format("its flags are {}", query_.column_int64(6)));
    recorded_event event;
    event.position.value = position();
    event.version.value = static_cast<std::uint64_t>(query_.column_int64(1));
    event.recorded_at = timestamp{timestamp::duration{query_.column_int64(2)}};
    event.id = *id;
    event.stream = *stream;
    event.type = *type;
    event.payload = query_.column_bytes(8);
    event.metadata = query_.column_bytes(9);
    event.content = content->content;
    event.foreign_metadata = content->foreign_metadata;
    return event;
}

std::expected<tag_list, std::string> leaf_rows::tags(std::string_view ids) {
    tag_list list;
    run_reader run(ids);
    for (auto id = run.next(); id; id = run.next()) {
        const auto* const name = tags_.find(*id);
        if (name == nullptr) return std::unexpected(fmt::format("its tag {} is missing", *id));
        try {
            list.add(*name);
        } catch (const error&) {
            return std::unexpected(fmt::format("its tag {} is no tag, or one too many", *id));
        }
    }
    if (run.is_damaged() || list.empty()) return std::unexpected("its tags are no list of numbers");
    return list;
}

const std::string* leaf_rows::stored_names::find(std::int64_t id) {
    if (const auto known = known_.find(id); known != known_.end()) return &known->second;
    const reset_guard done(query_);
    query_.bind(1, id);
    if (!query_.step()) return nullptr;
    if (known_.size() >= most_names) known_.clear();
    return &known_.emplace(id, query_.column_bytes(0)).first->second;
}

}  // namespace stele::inline v0::detail
