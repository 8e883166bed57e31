#pragma once

#include "eventstore/engine/added_tags.hpp"
#include "eventstore/engine/append_rules.hpp"
#include "eventstore/engine/query_plan.hpp"
#include "eventstore/memory/memory_tree.hpp"

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace stele::inline v0::detail {

/// So that the next `more` push_back() cannot throw; grows as push_back() does.
template <class Element>
void make_room(std::vector<Element>& in, std::size_t more) {
    if (in.capacity() - in.size() < more) in.reserve(std::max(in.capacity() * 2, in.size() + more));
}

/// The events and documents of a memory_store. One thread at a time writes, and none reads meanwhile.
class memory_log {
public:
    memory_log(store_limits limits, std::function<timestamp()> now) : limits_(limits), now_(std::move(now)) {}

    append_all_outcome append(std::span<const stream_write> writes, std::span<const document_write> documents = {},
                              std::span<const append_condition> conditions = {});
    append_outcome remove(const stream_id& name, expected_version expected, stream_removal kind, version before,
                          const event_data& record);

    /// `record` is appended if a key becomes incomplete.
    void add_tags(const tag_batch& batch, const event_data& record);
    [[nodiscard]] std::vector<tagging_status> list_tagging() const;

    void fetch(const stream_id& stream, const stream_read_options& options, event_batch& batch) const;
    void fetch(const all_read_options& options, event_batch& batch) const;
    [[nodiscard]] std::optional<owned_event> find_event(const uuid& id) const;
    [[nodiscard]] stream_info find_stream(const stream_id& name) const;
    [[nodiscard]] std::vector<stream_info> list_streams(const stream_list_options& options) const;
    [[nodiscard]] std::vector<document> list_documents(std::string_view kind,
                                                       const document_read_options& options) const;
    [[nodiscard]] std::vector<std::string> event_types() const;
    [[nodiscard]] position head() const { return {events_.size()}; }
    [[nodiscard]] version stream_version(const stream_id& name) const { return record_of(name).version(); }
    [[nodiscard]] position position_at(timestamp time) const;
    [[nodiscard]] const store_limits& limits() const { return limits_; }
    /// The hash tree over all events. Leaves are made here and before events are removed, so that appends do not pay
    /// for them.
    tile_source& tree();

private:
    struct kept_event {
        const std::string* stream;  // the key in streams_, which never moves
        std::int64_t stream_number;
        stele::version version;
        timestamp recorded_at;
        bool closes_append;
        bool removed;
        event_data data;
        stored_tags tags = {};  // only if some were added
    };
    struct kept_stream {
        stream_record record;
        std::vector<position> positions;  // version n is at n - 1, also if it was removed
    };
    struct kept_document {
        std::string value;
        stele::position position;
        timestamp written_at;
    };
    using documents_of_kind = std::map<std::string, kept_document, std::less<>>;  // by key
    struct document_change {
        documents_of_kind* kind;
        const std::string& key;
        documents_of_kind::node_type node = {};  // empty: it is removed
    };
    using tagged_position = std::pair<std::vector<position>*, position>;  // a list in tagged_, and what comes into it
    struct prepared_append {
        std::vector<kept_event> events;
        std::vector<kept_stream*> streams;  // of each write
        std::map<uuid, position> ids;
        std::vector<document_change> documents;
        std::vector<append_result> results;
        std::vector<tagged_position> tagged;  // the tags of the events
    };
    class lookup;

    [[nodiscard]] const kept_event& at(position where) const { return events_[where.value - 1]; }
    [[nodiscard]] stream_record record_of(const stream_id& name) const;
    [[nodiscard]] std::optional<conflict> refusal_of(const stream_write& write) const;
    [[nodiscard]] std::optional<conflict> refusal_of(const append_condition& condition) const;
    [[nodiscard]] std::optional<conflict> refusal_of(std::span<const stream_write> writes,
                                                     std::span<const append_condition> conditions) const;
    [[nodiscard]] std::optional<position> first_match(const event_query& query, position after) const;
    // Calls `visit` with each position of the window at which there may be an event that passes, in order, until it
    // returns false.
    template <class Visit>
    void visit_candidates(const event_query& query, position after, position up_to, direction order,
                          const Visit& visit) const;
    [[nodiscard]] std::vector<position> tagged_with(std::span<const tag_list> sets, position after,
                                                    position up_to) const;
    [[nodiscard]] std::optional<std::vector<append_result>> find_repeated(std::span<const stream_write> writes) const;
    [[nodiscard]] bool adds_existing(std::span<const document_write> writes) const;
    [[nodiscard]] prepared_append prepare(std::span<const stream_write> writes,
                                          std::span<const document_write> documents, timestamp now);
    void store(prepared_append& next, std::span<const stream_write> writes) noexcept;
    void remove(kept_stream& stream, version up_to) noexcept;
    std::vector<tagged_position> places_for(tags_view tags, position where);
    static void make_room_for(std::span<const tagged_position> tagged);
    void expect_complete(const event_query& query) const;
    [[nodiscard]] recorded_event view_of(position where) const;
    [[nodiscard]] stream_info info_of(const std::string& name, const kept_stream& stream) const;
    [[nodiscard]] bool full(const event_batch& batch, std::uint64_t limit) const;

    store_limits limits_;
    std::function<timestamp()> now_;
    std::vector<kept_event> events_;  // the event at position n is at n - 1
    memory_tree tree_;                // over the first of them
    std::unordered_map<std::string, kept_stream> streams_;
    std::int64_t last_stream_ = 0;                                     // the greatest stream_record::id
    std::map<uuid, position> ids_;                                     // of the events that are not removed
    std::unordered_map<std::string, std::vector<position>> tagged_;    // by tag; also of events that were removed
    std::map<std::string, documents_of_kind, std::less<>> documents_;  // by kind
    using key_and_type = std::pair<std::string, std::string>;
    std::map<key_and_type, tagging_status> tagging_;
};

template <class Visit>
void memory_log::visit_candidates(const event_query& query, position after, position up_to, direction order,
                                  const Visit& visit) const {
    const bool forward = order == direction::forward;
    if (const auto sets = tag_alternatives(query); !sets.empty()) {
        const auto found = tagged_with(sets, after, up_to);
        for (std::size_t i = 0; i < found.size(); ++i)
            if (!visit(found[forward ? i : found.size() - 1 - i])) return;
        return;
    }
    for (auto n = after.value; n < up_to.value; ++n)
        if (!visit(position{(forward ? n : after.value + up_to.value - 1 - n) + 1})) return;
}

}  // namespace stele::inline v0::detail
