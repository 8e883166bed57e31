#pragma once

#include <stele/aggregates/detail/any_aggregate.hpp>

#include <list>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace stele::inline v0::detail {

/// The states of the aggregates that were used last, by stream.
///
/// A state is taken out, used, and given back. While it is out, others who want the same one wait, so that the
/// commands of one process to one instance follow each other instead of meeting in conflicts. What is not given back is
/// forgotten: so is every state that an exception has passed by.
///
/// Any thread may take a state at any time. One that has a state out already never waits for a second, but gets none
/// from the cache: threads that wait hold nothing, so they cannot wait for each other.
class aggregate_cache {
    struct entry {
        explicit entry(std::string name) : stream(std::move(name)) {}

        const std::string stream;
        std::mutex in_use;
        std::optional<any_aggregate> known;  // guarded by in_use
    };

public:
    /// Keeps at most `capacity` states; with 0 it keeps none and nobody waits.
    explicit aggregate_cache(std::size_t capacity);

    /// The right to use the state of one stream, until it is destroyed.
    class turn {
    public:
        turn(aggregate_cache& cache, const stream_id& stream);
        turn(const turn&) = delete;
        turn& operator=(const turn&) = delete;
        ~turn();

        /// Takes the state out; nothing if there was none.
        [[nodiscard]] std::optional<any_aggregate> take();
        /// Puts it back for the next turn.
        void give_back(any_aggregate known);

    private:
        aggregate_cache& cache_;
        std::shared_ptr<entry> entry_;  // null: this turn is without the cache
        std::unique_lock<std::mutex> lock_;
    };

private:
    // The entries whose streams fall into one shard, the last used first.
    struct shard {
        std::mutex mutex;
        std::list<std::shared_ptr<entry>> entries;
        std::unordered_map<std::string_view, std::list<std::shared_ptr<entry>>::iterator> by_stream;
    };

    shard& shard_of(std::string_view stream);
    std::shared_ptr<entry> find_or_add(std::string_view stream);
    /// Ends the use of an entry: it stays if it has a state, and pushes out those that were used least lately.
    void settle(const std::shared_ptr<entry>& used);

    std::vector<shard> shards_;
    std::size_t shard_capacity_;
};

}  // namespace stele::inline v0::detail
