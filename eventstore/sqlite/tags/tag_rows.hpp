#pragma once

#include "eventstore/sqlite/tags/tag_ids.hpp"

#include <cstdint>
#include <optional>

/// Where packed tags are kept: in a table of their own, by position, which a store has once it has an event with tags.
namespace stele::inline v0::detail {

/// The writer's half. Used inside the writer's transaction.
class tag_writer {
public:
    explicit tag_writer(connection& db) : db_(db) {}

    void add(std::int64_t position, tags_view tags);
    /// Removes the tags of the events of a stream up to a version. Call it before the events are removed.
    void remove(std::int64_t stream, std::int64_t up_to);
    /// After a rollback, and when somebody else may have written.
    void forget() noexcept;

private:
    struct open_tables {
        explicit open_tables(connection& db);

        tag_ids ids;
        statement add, remove;
    };

    connection& db_;
    std::optional<open_tables> tables_;
};

/// The reader's half.
class tag_reader {
public:
    explicit tag_reader(connection& db)
        : db_(db), exists_(db.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'stele_event_tags'")) {}

    /// Looks whether there are any tags. Call it in each read transaction, before of().
    void begin();
    /// The tags of the event at a position; good until the next call.
    tags_view of(std::uint64_t position);
    /// On the writer's connection, after a rollback.
    void forget() noexcept { tables_.reset(); }

private:
    struct open_tables {
        explicit open_tables(connection& db);

        tag_names names;
        statement find;
    };

    connection& db_;
    statement exists_;
    std::optional<open_tables> tables_;
};

}  // namespace stele::inline v0::detail
