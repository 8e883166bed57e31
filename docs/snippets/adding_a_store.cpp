// A store in front of another one: the smallest class that is a whole event store.

#include <stele/eventstore.hpp>
#include <stele/memory.hpp>

#include <fmt/format.h>

#include <atomic>
#include <cstdint>
#include <future>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace {

// [store]
/// Counts the events that are appended to the store behind it.
class counting_store final : public stele::event_store {
public:
    /// `inner` must outlive this one.
    explicit counting_store(stele::event_store& inner) : inner_(inner) {}

    std::uint64_t appended() const { return appended_; }

private:
    stele::append_all_outcome do_append(std::span<const stele::stream_write> writes,
                                        std::span<const stele::document_write> documents,
                                        std::span<const stele::append_condition> conditions) override {
        auto outcome = inner_.append(writes, documents, conditions);
        if (outcome)
            for (std::size_t i = 0; i < writes.size(); ++i)
                if (!(*outcome)[i].repeated) appended_ += writes[i].events.size();
        return outcome;
    }
    std::future<stele::append_outcome> do_append_async(stele::stream_id stream, stele::expected_version expected,
                                                       std::vector<stele::event_data> events,
                                                       std::vector<stele::append_condition> conditions) override {
        appended_ += events.size();
        return inner_.append_async(std::move(stream), expected, std::move(events), std::move(conditions));
    }
    stele::append_outcome do_remove(const stele::stream_id& stream, stele::expected_version expected,
                                    stele::stream_removal kind, stele::version before,
                                    const stele::event_data&) override {
        switch (kind) {
            case stele::stream_removal::truncate: return inner_.truncate_stream(stream, before, expected);
            case stele::stream_removal::erase: return inner_.delete_stream(stream, expected);
            case stele::stream_removal::tombstone: return inner_.tombstone_stream(stream, expected);
        }
        std::unreachable();
    }
    void do_fetch(const stele::stream_id& stream, const stele::stream_read_options& options,
                  stele::event_batch& batch) override {
        first_batch(inner_.read_stream(stream, options), batch);
    }
    void do_fetch(const stele::all_read_options& options, stele::event_batch& batch) override {
        first_batch(inner_.read_all(options), batch);
    }
    std::optional<stele::owned_event> do_find_event(const stele::uuid& id) override { return inner_.find_event(id); }
    stele::stream_info do_find_stream(const stele::stream_id& stream) override { return inner_.find_stream(stream); }
    std::vector<stele::stream_info> do_list_streams(const stele::stream_list_options& options) override {
        return inner_.list_streams(options);
    }
    std::optional<stele::document> do_find_document(std::string_view kind, std::string_view key) override {
        return inner_.find_document(kind, key);
    }
    std::vector<stele::document> do_list_documents(std::string_view kind,
                                                   const stele::document_read_options& options) override {
        return inner_.list_documents(kind, options);
    }
    std::vector<std::string> do_event_types() override { return inner_.event_types(); }
    stele::position do_head() override { return inner_.head(); }
    stele::version do_stream_version(const stele::stream_id& stream) override { return inner_.stream_version(stream); }
    stele::position do_position_at(stele::timestamp time) override { return inner_.position_at(time); }
    stele::position do_wait_for_append(stele::position seen, std::chrono::milliseconds timeout,
                                       const std::stop_token& stop) override {
        return inner_.wait_for_append(seen, timeout, stop);
    }
    const stele::store_limits& do_limits() const override { return inner_.limits(); }

    static void first_batch(stele::event_range range, stele::event_batch& batch) {
        batch = range.begin().take(std::move(batch));
    }

    stele::event_store& inner_;
    std::atomic<std::uint64_t> appended_ = 0;
};
// [/store]

}  // namespace

int main() {
    stele::memory_store behind;
    counting_store store{behind};
    const stele::stream_id order{"order-7"};
    const stele::event_data placed{.type = "shop.OrderPlaced"};
    if (!store.append(order, stele::expected_version::no_stream(), placed)) fmt::print("a conflict\n");
    if (!store.append(order, stele::expected_version::no_stream(), placed)) fmt::print("a conflict\n");  // repeated
    std::size_t read = 0;
    for (const auto& batch : store.read_stream(order)) read += batch.size();
    fmt::print("{} appended, {} read\n", store.appended(), read);
}
