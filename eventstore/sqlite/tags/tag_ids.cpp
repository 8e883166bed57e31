#include "eventstore/sqlite/tags/tag_ids.hpp"

#include <stele/eventstore/error.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace stele::inline v0::detail {
namespace {

// Names that are kept, by writer and readers each: some megabytes.
constexpr std::size_t most_names = 1U << 15U;

}  // namespace

std::string pack_ids(std::span<const std::int64_t> ids) {
    std::string bytes;
    std::int64_t before = 0;
    for (const auto id : ids) {
        auto rest = static_cast<std::uint64_t>(id - before);
        before = id;
        for (; rest >= 0x80; rest >>= 7U) bytes += static_cast<char>(rest | 0x80U);
        bytes += static_cast<char>(rest);
    }
    return bytes;
}

std::vector<std::int64_t> unpack_ids(std::string_view bytes) {
    constexpr std::uint64_t most = std::uint64_t{1} << 62U;
    std::vector<std::int64_t> ids;
    std::uint64_t last = 0;
    while (!bytes.empty()) {
        std::uint64_t more = 0;
        for (unsigned shift = 0;; shift += 7) {
            if (bytes.empty() || shift > 56) return {};
            const auto byte = static_cast<unsigned char>(bytes.front());
            bytes.remove_prefix(1);
            more |= std::uint64_t{byte & 0x7FU} << shift;
            if (byte < 0x80) break;
        }
        last += more;
        if (more == 0 || last >= most || ids.size() == max_event_tags) return {};
        ids.push_back(static_cast<std::int64_t>(last));
    }
    return ids;
}

tag_ids::tag_ids(connection& db)
    : db_(db),
      find_(db.prepare("SELECT id FROM stele_tags WHERE name = ?1")),
      add_(db.prepare("INSERT INTO stele_tags (name) VALUES (?1)")) {}

std::string tag_ids::pack(tags_view tags) {
    std::vector<std::int64_t> ids;
    for (const auto tag : tags) ids.push_back(id_of(tag));
    std::ranges::sort(ids);
    return pack_ids(ids);
}

std::int64_t tag_ids::id_of(std::string_view tag) {
    std::string name(tag);
    if (const auto found = known_.find(name); found != known_.end()) return found->second;
    std::int64_t id = 0;
    {
        const reset_guard done(find_);
        find_.bind_text(1, name);
        if (find_.step()) id = find_.column_int64(0);
    }
    if (id == 0) {
        add_.bind_text(1, name);
        add_.run();
        id = db_.last_insert_rowid();
    }
    if (known_.size() == most_names) known_.clear();
    known_.emplace(std::move(name), id);
    return id;
}

tag_names::tag_names(connection& db) : db_(db), find_(db.prepare("SELECT name FROM stele_tags WHERE id = ?1")) {}

tags_view tag_names::unpack(std::string_view ids, std::uint64_t event) {
    last_ = {};
    const auto unpacked = unpack_ids(ids);
    if (unpacked.empty()) throw db_.damage(fmt::format("the event at position {} has tags that cannot be read", event));
    for (const auto id : unpacked) last_.add(name_of(id, event));
    return last_;
}

const std::string& tag_names::name_of(std::int64_t id, std::uint64_t event) {
    if (const auto known = known_.find(id); known != known_.end()) return known->second;
    const reset_guard done(find_);
    find_.bind(1, id);
    if (!find_.step())
        throw db_.damage(fmt::format("the event at position {} refers to tag {}, which is missing", event, id));
    std::string name(find_.column_bytes(0));
    try {
        static_cast<void>(tag_list{name});
    } catch (const error&) {
        throw db_.damage(fmt::format("tag {} of the event at position {} is no tag", id, event));
    }
    if (known_.size() == most_names) known_.clear();
    return known_.emplace(id, std::move(name)).first->second;
}

}  // namespace stele::inline v0::detail
