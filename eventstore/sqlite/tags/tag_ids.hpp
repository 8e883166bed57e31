#pragma once

#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/tags/tag_list.hpp>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

/// How the tags of an event are stored: the ids of their names (table stele_tags), ascending, as varints (LEB128); the
/// first as it is, the others as the difference to the one before.
namespace stele::inline v0::detail {

/// Packs ids, which are ascending and not 0.
std::string pack_ids(std::span<const std::int64_t> ids);
/// Unpacks them; nothing if the bytes are not what pack_ids() makes.
std::vector<std::int64_t> unpack_ids(std::string_view bytes);

/// The writer's half: finds the ids of tags, or gives them. Used inside the writer's transaction. Its cache is valid as
/// long as nobody else writes and nothing is rolled back; after either, the writer calls forget().
class tag_ids {
public:
    explicit tag_ids(connection& db);

    /// The ids of the tags, packed.
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

    /// The tags, from packed ids; good until the next call. Throws stele::error (corrupt) for bytes that are none, and
    /// for a name that is missing or no tag; `event` is for its message.
    tags_view unpack(std::string_view ids, std::uint64_t event);

private:
    const std::string& name_of(std::int64_t id, std::uint64_t event);

    connection& db_;
    std::unordered_map<std::int64_t, std::string> known_;
    tag_list last_;
    statement find_;
};

}  // namespace stele::inline v0::detail
