#pragma once

#include "eventstore/sqlite/filtered_read.hpp"
#include "eventstore/sqlite/hashes/leaf_check.hpp"
#include "eventstore/sqlite/hashes/tile_reader.hpp"
#include "eventstore/sqlite/index/event_index.hpp"
#include "eventstore/sqlite/read_access.hpp"
#include "eventstore/sqlite/tags/added_tags.hpp"
#include "eventstore/sqlite/tags/tag_ids.hpp"

#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <array>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <vector>

namespace stele::inline v0::detail {

/// A read-only connection with its statements. One thread at a time; every call is one short read transaction.
class reader {
public:
    /// `tail` is that of the store, or its own.
    reader(std::unique_ptr<connection> db, const store_limits& limits, std::shared_ptr<index_tail> tail);

    void fetch(const stream_id& stream, const stream_read_options& options, event_batch& batch);
    /// Without its filter.
    void fetch(const all_read_options& options, event_batch& batch);
    /// Continues a filtered read by one short part. Returns whether the batch is not full and something is left.
    bool fetch(filtered_read& read, event_batch& batch);
    /// The same for the events of some types in a stream.
    bool fetch(typed_read& read, event_batch& batch);
    std::optional<owned_event> find_event(const uuid& id);
    stream_info find_stream(const stream_id& stream);
    std::vector<stream_info> list_streams(const stream_list_options& options);
    std::optional<document> find_document(std::string_view kind, std::string_view key);
    std::vector<document> list_documents(std::string_view kind, const document_read_options& options);
    std::vector<std::string> event_types();
    std::vector<tagging_status> list_tagging() { return read_tagging(tagging_); }
    position head();
    position position_at(timestamp time);
    version stream_version(const stream_id& stream);
    /// Calls `use` with the hash tree.
    template <class Use>
    auto with_tree(const Use& use) {
        const index_look at(index_);  // keeps the snapshot
        tile_reader tree(*db_, tile_hashes_);
        return use(tree);
    }

private:
    void begin(filtered_read& read);
    position head_for(const event_query& filter);
    void begin(typed_read& read);
    // Of those that are stored.
    type_ids ids_of(const std::vector<std::string>& types);
    std::vector<interval> candidates(const interval& window, const filtered_read& read);
    std::optional<std::vector<std::int64_t>> positions_of_few(const stream_filter& streams);
    void scan(const interval& window, const filtered_read& read, event_batch& batch);
    void scan_all(const interval& window, const filtered_read& read, event_batch& batch);
    void scan_typed(const interval& window, const filtered_read& read, event_batch& batch);
    void scan_few(filtered_read& read, event_batch& batch);
    void scan_tagged(filtered_read& read, event_batch& batch);
    bool step_over_gap(interval& rest, direction order);
    [[nodiscard]] bool are_dense(const type_ids& types) const { return types.empty() || types.json == dense_types_; }
    [[nodiscard]] bool full(const event_batch& batch, std::uint64_t limit) const;

    // The order in which the rows of a read must come. In a damaged file they may not, and continuing after the last
    // row would loop or miss an event.
    class row_order {
    public:
        row_order(direction direction, std::uint64_t after, std::uint64_t up_to)
            : direction_(direction), after_(after), up_to_(up_to) {}
        bool takes(std::uint64_t place, bool gapless);
        [[nodiscard]] bool ends_before(std::uint64_t place) const;

    private:
        direction direction_;
        std::uint64_t after_, up_to_;  // the rest: (after, up_to]
        bool begun_ = false;
    };
    // Which rows of a query go into the batch.
    struct selection {
        std::uint64_t limit;                   // the batch holds at most so many events then
        std::string_view known_stream = {};    // the stream of all rows, or empty to look up each one
        bool some_types = false;               // with known_stream: rows of other types are not among them
        const type_ids* types = nullptr;       // skips the rows of other types
        const name_ranges* streams = nullptr;  // skips the rows of other streams
        const event_query* others = nullptr;   // skips the rows that do not pass, but for streams and types
        bool compare_leaves = false;           // of the rows that are not skipped
    };
    static row_order order_within(direction direction, const interval& window);
    selection selection_of(const filtered_read& read) const;
    void check_order(row_order& order, const selection& which, const recorded_event& event) const;
    void collect(statement& query, row_order order, const selection& which, event_batch& batch);
    // For a statement that reads rows. None if they are not to be compared.
    leaf_check* check_of(const selection& which);
    // A row of `streams`.
    struct stream_row {
        std::int64_t id = 0;  // 0: there is none
        std::int64_t removed = 0;
        stream_state state = stream_state::live;
    };
    stream_row find_row(const stream_id& stream);
    version version_of(const stream_row& stream, const index_snapshot& at);
    std::vector<std::int64_t> positions_of(const stream_row& stream, interval versions,
                                           const stream_read_options& options, std::uint64_t most,
                                           const index_snapshot& at);
    void collect_listed(const std::vector<std::int64_t>& positions, const std::string& types, row_order order,
                        const selection& which, event_batch& batch);
    std::optional<event_place> place_of(const stream_row& stream, direction order, const index_snapshot& at);
    stream_info info_at(statement& row, const index_snapshot& at);
    // `event` is for the message if there is none.
    std::string_view stream_name(std::int64_t id, position event);
    std::string_view type_name(std::int64_t id, position event);

    std::unique_ptr<connection> db_;
    store_limits limits_;
    // Names never change, so cached ones stay valid. There may be many streams: the table by id grows up to a bound,
    // then its slots are reused.
    struct named_stream {
        std::int64_t id = 0;
        std::string name;
    };
    std::vector<named_stream> stream_names_;
    std::unordered_map<std::int64_t, std::string> type_names_;

    std::shared_ptr<index_tail> tail_;
    event_index index_;
    tag_index tagged_;
    std::array<statement, 2> all_;                   // by direction
    std::array<std::optional<statement>, 2> typed_;  // the same, once a read has needed it
    statement listed_, listed_and_typed_;
    statement head_, find_stream_name_, find_type_name_, find_type_, time_after_;
    statement blocks_, streams_in_ranges_, find_stream_, list_streams_, find_place_;
    statement find_document_, list_documents_, tagging_;
    tag_names tags_;
    tile_hash_cache tile_hashes_;
    std::optional<leaf_check> leaves_;  // once a read has asked for it
    std::shared_ptr<stream_filter> last_streams_;
    std::string dense_types_;  // the types, as a JSON list, that most events were of where a scan looked last
};

/// Lends readers and keeps some idle ones. Any thread; `use` and `work` must not call back into the pool.
class reader_pool {
public:
    /// `access` must outlive the pool.
    /// All readers share `tail`; without one, each keeps its own.
    reader_pool(read_access& access, const sqlite_options& options, std::shared_ptr<index_tail> tail)
        : access_(access),
          limits_(options.limits),
          most_idle_(options.idle_readers),
          merge_events_(options.merge_events),
          tail_(std::move(tail)) {}

    /// Calls `use` with a reader that nobody else uses, and again with another one if what it has read does not count
    /// (read_access). The reader is not kept if that throws.
    template <class Use>
    auto with_reader(Use use) {
        using result_type = decltype(use(std::declval<reader&>()));
        if constexpr (std::is_void_v<result_type>) {
            read([&](reader& borrowed) { use(borrowed); });
        } else {
            std::optional<result_type> result;
            read([&](reader& borrowed) { result.emplace(use(borrowed)); });
            return *std::move(result);
        }
    }

    /// Holds new readers back and calls `work` as soon as none is in use. If that takes longer than `longest`, it gives
    /// up. One thread at a time.
    void pause(std::chrono::milliseconds longest, const std::function<void()>& work) noexcept;

private:
    // Counts a reader that is in use, and waits for the end of a pause before.
    class turn {
    public:
        explicit turn(reader_pool& pool);
        turn(const turn&) = delete;
        turn& operator=(const turn&) = delete;
        ~turn();

    private:
        reader_pool& pool_;
    };
    struct lent {
        read_view view;  // under which it was opened
        std::unique_ptr<reader> it;
    };
    void read(const std::function<void(reader&)>& use);
    bool borrow(lent& borrowed);
    bool take_idle(lent& borrowed);
    void give_back(lent borrowed);

    read_access& access_;
    store_limits limits_;
    std::size_t most_idle_;
    std::size_t merge_events_;
    std::shared_ptr<index_tail> tail_;
    std::mutex mutex_;
    std::vector<lent> idle_;
    std::size_t in_use_ = 0;
    bool paused_ = false;
    std::condition_variable nobody_reads_, pause_over_;
};

}  // namespace stele::inline v0::detail
