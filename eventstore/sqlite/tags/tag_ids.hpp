#pragma once

#include "eventstore/sqlite/index/tag_index.hpp"

#include <stele/eventstore/event.hpp>
#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/tags/tag_list.hpp>

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

/// How the tags of an event are stored: the ids of their names (table stele_tags), ascending, as a run
/// (index/runs.hpp).
namespace stele::inline v0::detail {

/// The writer's half: finds the ids of tags, or gives them. Used inside the writer's transaction. Its cache is valid as
/// long as nobody else writes and nothing is rolled back; after either, the writer calls forget().
class tag_ids {
public:
    explicit tag_ids(connection& db);

    /// The ids of the tags, as a run; empty for none.
    std::string pack(tags_view tags);
    void forget() noexcept { known_.clear(); }

private:
    std::int64_t id_of(std::string_view tag);

    connection& db_;
    std::unordered_map<std::string, std::int64_t> known_;
    statement find_, add_;
};

/// The reader's half: finds the names. Names never change, so those that it has seen stay valid.
class tag_names {
public:
    explicit tag_names(connection& db);

    /// Looks whether tags were added to any event. In the transaction of the rows that are read next.
    void begin();
    /// Sets the tags of an event whose position is set, good until the next call: its own from the run in the column
    /// `own` of a row (NULL is none), and the added ones. Throws stele::error (corrupt) for bytes that are no such
    /// runs, and for a name that is missing or no tag.
    void read(const statement& row, int own, recorded_event& event);
    /// The id of a tag; nothing if no event ever had it.
    std::optional<std::int64_t> id_of(std::string_view tag);

private:
    void unpack(std::string_view ids, position event, std::initializer_list<tag_list*> into);
    const std::string& name_of(std::int64_t id, position event);

    connection& db_;
    std::unordered_map<std::int64_t, std::string> known_;
    tag_list last_, last_added_;
    statement find_, find_id_, any_added_, find_added_;
    bool has_added_ = false;
};

/// The ids of sets of tags (query_plan.hpp). A set with a tag that no event ever had is left out, because nothing can
/// carry all of it.
tag_sets ids_of(tag_names& names, const std::vector<tag_list>& alternatives);

}  // namespace stele::inline v0::detail
