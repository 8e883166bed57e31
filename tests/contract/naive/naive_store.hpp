#pragma once

#include <stele/eventstore/event_store.hpp>

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

/// What a store must answer, told by a list of events and a map of streams, with a loop for everything. Answers are
/// texts, so that those of a store can be compared with them (answers.hpp).
class naive_store {
public:
    struct event {
        std::string stream;
        stele::version version;
        stele::event_data data;
        stele::timestamp recorded_at;
        bool closes_append = false;
        bool removed = false;
        bool is_record = false;  ///< Of a removal or a tagging; the store chose its id.
    };

    std::string append(const std::vector<stele::stream_write>& writes, stele::timestamp now,
                       const std::vector<stele::append_condition>& conditions = {},
                       const std::vector<stele::document_write>& documents = {});
    std::string remove(const std::string& stream, stele::expected_version expected, stele::stream_removal kind,
                       stele::version before, stele::timestamp now);

    /// Adds these tags to the event at that place, and fills a key for events of a type up to a position.
    void add_tags(std::size_t place, const stele::tag_list& tags);
    void step(const std::string& key, const std::string& type, std::uint64_t after, std::uint64_t up_to,
              stele::timestamp now);

    [[nodiscard]] std::string tagging_status() const;
    [[nodiscard]] std::string read_stream(const std::string& stream, const stele::stream_read_options& options) const;
    [[nodiscard]] std::string read_all(const stele::all_read_options& options) const;
    [[nodiscard]] std::string find_event(const stele::uuid& id) const;
    [[nodiscard]] std::string find_stream(const std::string& name) const;
    [[nodiscard]] std::string list_streams(const stele::stream_list_options& options) const;
    [[nodiscard]] stele::position position_at(stele::timestamp time) const;
    [[nodiscard]] stele::version stream_version(const std::string& name) const;

    /// The event at position p is events()[p - 1].
    [[nodiscard]] const std::vector<event>& events() const { return events_; }
    /// The greatest version that the stream ever had.
    [[nodiscard]] std::uint64_t last_version(const std::string& name) const;

private:
    struct stream {
        std::vector<std::size_t> places;  ///< In events_, by version.
        std::uint64_t removed_up_to = 0;
        stele::stream_state state = stele::stream_state::absent;
    };

    [[nodiscard]] const stream& find(const std::string& name) const;
    [[nodiscard]] std::optional<std::size_t> place_of(const stele::uuid& id) const;
    [[nodiscard]] std::optional<std::string> refusal(const stele::stream_write& write) const;
    [[nodiscard]] std::optional<std::string> mismatch(const stele::stream_expectation& expectation) const;
    [[nodiscard]] std::optional<std::string> broken(const stele::append_condition& condition) const;
    [[nodiscard]] bool is_unknown(const stele::event_query& query) const;
    [[nodiscard]] std::uint64_t last_tagging(const stele::event_query& query) const;
    [[nodiscard]] static bool names(const stele::event_query& query, const std::string& key);
    [[nodiscard]] std::optional<std::string> repeated(const std::vector<stele::stream_write>& writes) const;
    [[nodiscard]] bool passes(const stele::event_query& query, std::size_t place) const;
    [[nodiscard]] std::string line(std::size_t place) const;
    [[nodiscard]] std::string info(const std::string& name, const stream& all) const;
    stele::stream_position add(event next);

    std::vector<event> events_;
    std::map<std::string, stream> streams_;
    std::map<std::pair<std::string, std::string>, std::string> documents_;  ///< By kind and key.
    struct filling {
        std::uint64_t up_to = 0, goal = 0, since = 0;
    };
    std::map<std::pair<std::string, std::string>, filling> keys_;  ///< By key and type.
};
