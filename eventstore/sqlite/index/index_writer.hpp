#pragma once

#include "eventstore/sqlite/index/event_index.hpp"
#include "eventstore/sqlite/index/index_tables.hpp"
#include "eventstore/sqlite/index/merge.hpp"
#include "eventstore/sqlite/index/tag_index.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <utility>
#include <vector>

namespace stele::inline v0::detail {

/// Keeps the indices while events are appended and removed. In the writer's transaction: begin() comes first; what the
/// transaction has appended is pending, and is published in the tail after its commit.
class index_writer {
public:
    /// Both must outlive it.
    index_writer(connection& db, index_tail& tail);

    /// Forgets what was pending, and catches up with what others have written.
    void begin(bool others_wrote);

    /// Whether the id is greater than every id before; then no event has it.
    [[nodiscard]] bool is_in_order(const uuid& id) const { return id > greatest_id_; }
    /// Whether that will be so for each of these, when they are added one after the other.
    [[nodiscard]] bool are_in_order(std::span<const event_data> events) const;
    /// The position of the event with this id, also if it is pending.
    std::optional<std::int64_t> find_id(const uuid& id);
    /// The last version of a stream that is known, also of a pending event; 0 if there is none.
    std::int64_t last_version(std::int64_t stream);

    /// The first positions after one, about `most`, of events with these tags, also of pending ones.
    tagged_positions find_tagged(const tag_sets& sets, std::int64_t after, std::size_t most);

    /// Takes an event that was inserted, behind all others.
    void add(index_entry entry);
    /// Removes the events of a stream up to a version, and what the indices say of them.
    void remove(std::int64_t stream, std::int64_t up_to);

    /// How much is pending; for roll_back_to().
    struct savepoint {
        std::size_t appended = 0, removed = 0;
    };
    [[nodiscard]] savepoint mark() const { return {pending_.size(), removed_}; }
    void roll_back_to(savepoint mark);

    /// Merges a slice of the tail, in proportion to what is pending. Last before the commit.
    void merge();
    /// Merges all that is whole in the tail, and what is left; with nothing pending.
    void merge_all();
    /// After the commit: shows readers what was pending.
    void publish() noexcept;

    /// The position of the last event that is committed; 0 if there is none.
    [[nodiscard]] std::int64_t head() const { return head_; }
    /// Whether a key of tags is not complete.
    [[nodiscard]] bool is_tagging() const { return tagging_; }
    /// Whether one ever began to be added to stored events.
    [[nodiscard]] bool is_tagging_begun() const { return begun_; }
    /// Tags are added to stored events in this transaction: until the next one, both of the above may be true.
    void tags_change() noexcept;
    /// How many events are in no index yet.
    [[nodiscard]] std::int64_t unmerged() const { return head_ - state_.merged; }

private:
    void catch_up();
    void remove_event(std::int64_t stream, std::int64_t up_to, std::int64_t position);
    void remove_added_tags(std::int64_t position);
    const tail_part& pending_index();

    connection& db_;
    index_tail& tail_;
    event_index index_;
    tag_index tags_;
    index_tables tables_;
    merge_row row_;
    merger merger_;
    statement remove_event_, remove_added_, remove_added_position_;

    bool is_current_ = false;  // the members below are those of the file
    std::int64_t head_ = 0;
    bool added_ = false, tagging_ = false, begun_ = false;  // as in index_snapshot
    bool tags_changed_ = false;                             // in the last transaction
    merge_state state_;
    uuid greatest_id_, greatest_before_;  // of all ids in order; of those that are not pending

    std::vector<index_entry> pending_;
    std::size_t removed_ = 0;                 // removals in this transaction
    std::optional<tail_part> pending_index_;  // of the first so many of them
    std::size_t indexed_ = 0;
};

}  // namespace stele::inline v0::detail
