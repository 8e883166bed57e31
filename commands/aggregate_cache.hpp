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

/// The most recently used states of aggregates, by stream.
///
/// A state is leased, used, and given back. Meanwhile others that want the same one wait, so that the commands of one
/// process to one instance run one after the other instead of meeting in conflicts. A state that is not given back, for
/// example because of an exception, is forgotten.
///
/// Any thread may lease a state at any time. A thread that holds a lease gets no state from the cache for a command
/// that it sends meanwhile: waiting threads hold nothing, so there is no deadlock. A unit of work holds several leases.
/// It waits only while it holds none, or holds those alone whose streams sort before (unit_of_work.cpp).
class aggregate_cache {
    struct entry {
        explicit entry(std::string name) : stream(std::move(name)) {}

        const std::string stream;
        std::mutex in_use;
        std::optional<any_aggregate> known;  // guarded by in_use
    };

public:
    /// Keeps at most `capacity` states; with 0 it keeps none and no thread waits.
    explicit aggregate_cache(std::size_t capacity);

    /// The exclusive right to use the state of one stream.
    class lease {
    public:
        /// Waits until the state is free.
        lease(aggregate_cache& cache, const stream_id& stream) : lease(cache, stream.str(), this, true) {}
        /// For one of the leases of `owner`. Without `waits` it gets no state if another thread has it.
        lease(aggregate_cache& cache, std::string_view stream, const void* owner, bool waits);
        lease(const lease&) = delete;
        lease& operator=(const lease&) = delete;
        ~lease();

        /// Takes the state out; nothing if there was none.
        [[nodiscard]] std::optional<any_aggregate> take();
        /// Puts it back for the next lease.
        void give_back(any_aggregate known);
        /// Another thread has the state.
        [[nodiscard]] bool is_busy() const noexcept { return is_busy_; }

    private:
        aggregate_cache& cache_;
        std::shared_ptr<entry> entry_;  // null: without the cache
        std::unique_lock<std::mutex> lock_;
        bool is_busy_ = false;
    };

private:
    // The entries whose streams belong to one shard, most recently used first.
    struct shard {
        std::mutex mutex;
        std::list<std::shared_ptr<entry>> entries;
        std::unordered_map<std::string_view, std::list<std::shared_ptr<entry>>::iterator> by_stream;
    };

    shard& shard_of(std::string_view stream);
    std::shared_ptr<entry> find_or_add(std::string_view stream);
    /// Ends the use of an entry: it stays if it has a state, and evicts the least recently used ones.
    void settle(const std::shared_ptr<entry>& used);

    std::vector<shard> shards_;
    std::size_t shard_capacity_;
};

}  // namespace stele::inline v0::detail
