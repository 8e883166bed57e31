#include "eventstore/sqlite/tags/tag_ids.hpp"

#include "eventstore/sqlite/index/runs.hpp"

#include <stele/eventstore/error.hpp>
#include <stele/eventstore/format.hpp>

#include <algorithm>
#include <vector>

namespace stele::inline v0::detail {
namespace {

// Names that are kept, by writer and readers each: some megabytes.
constexpr std::size_t most_names = 1U << 15U;

}  // namespace

tag_ids::tag_ids(connection& db)
    : db_(db),
      find_(db.prepare("SELECT id FROM stele_tags WHERE name = ?1")),
      add_(db.prepare("INSERT INTO stele_tags (name) VALUES (?1)")) {}

std::string tag_ids::pack(tags_view tags) {
    if (tags.empty()) return {};
    std::vector<std::int64_t> ids;
    for (const auto tag : tags) ids.push_back(id_of(tag));
    std::ranges::sort(ids);
    run_writer run;
    for (const auto id : ids) run.add(id);
    return run.bytes();
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

tag_names::tag_names(connection& db)
    : db_(db),
      find_(db.prepare("SELECT name FROM stele_tags WHERE id = ?1")),
      find_id_(db.prepare("SELECT id FROM stele_tags WHERE name = ?1")),
      any_added_(db.prepare("SELECT EXISTS (SELECT 1 FROM stele_added_tags)")),
      find_added_(db.prepare("SELECT tags FROM stele_added_tags WHERE position = ?1")) {}

void tag_names::begin() {
    const reset_guard done(any_added_);
    has_added_ = any_added_.step() && any_added_.column_int64(0) != 0;
}

void tag_names::read(const statement& row, int own, recorded_event& event) {
    const bool has_own = !row.column_is_null(own);
    if (!has_own && !has_added_) {
        event.tags = event.added_tags = {};
        return;
    }
    last_ = last_added_ = {};
    if (has_own) unpack(row.column_bytes(own), event.position, {&last_});
    if (has_added_) {
        const reset_guard done(find_added_);
        find_added_.bind(1, static_cast<std::int64_t>(event.position.value));
        if (find_added_.step()) unpack(find_added_.column_bytes(0), event.position, {&last_, &last_added_});
    }
    event.tags = last_;
    event.added_tags = last_added_;
}

// Adds the tags of a run to each of the lists.
void tag_names::unpack(std::string_view ids, position event, std::initializer_list<tag_list*> into) {
    run_reader run(ids);
    std::size_t count = (*into.begin())->size();
    const auto before = count;
    for (auto id = run.next(); id && ++count <= max_event_tags; id = run.next())
        for (auto* const list : into) list->add(name_of(*id, event));
    if (run.is_damaged() || count == before || count > max_event_tags)
        throw db_.damage(fmt::format("the event at position {} has tags that cannot be read", event));
}

std::optional<std::int64_t> tag_names::id_of(std::string_view tag) {
    const reset_guard done(find_id_);
    find_id_.bind_text(1, tag);
    if (!find_id_.step()) return std::nullopt;
    return static_cast<std::int64_t>(find_id_.column_number(0, 1));
}

tag_sets ids_of(tag_names& names, const std::vector<tag_list>& alternatives) {
    tag_sets sets;
    for (const auto& tags : alternatives) {
        std::vector<std::int64_t> set;
        for (const auto tag : tags.view())
            if (const auto id = names.id_of(tag)) set.push_back(*id);
        if (set.size() == tags.size()) sets.push_back(std::move(set));
    }
    return sets;
}

const std::string& tag_names::name_of(std::int64_t id, position event) {
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
