#pragma once

#include <stele/eventstore/event_store.hpp>

#include <cstddef>
#include <functional>
#include <utility>
#include <vector>

namespace testing {

/// An event store in front of another one, to observe reads and to interfere with appends.
class spy_store final : public stele::event_store {
public:
    explicit spy_store(stele::event_store& inner) : inner_(inner) {}

    /// Called before each call of head().
    std::function<void()> before_head = [] {};
    /// Called before each append reaches the inner store.
    std::function<void()> before_append = [] {};
    /// Called after each search for a document, before it returns.
    std::function<void()> after_find = [] {};
    /// Called after each append has reached it; if it throws, the answer of the append is lost.
    std::function<void()> after_append = [] {};
    /// Called before each append of documents alone reaches the inner store.
    std::function<void()> before_document_write = [] {};
    /// Replaces each event of a read of the whole store; if it throws, the read throws. May be called by any thread.
    std::function<stele::recorded_event(stele::recorded_event)> on_read_all = [](const auto& event) { return event; };
    /// How many events have been read from single streams.
    std::size_t events_read = 0;
    /// Hides the events of this version in streams, as if they were lost. 0: hides none.
    stele::version hide_version{};

    std::optional<stele::document> find_document(std::string_view kind, std::string_view key) override {
        auto found = inner_.find_document(kind, key);
        after_find();
        return found;
    }
    std::vector<stele::document> list_documents(std::string_view kind,
                                                const stele::document_read_options& options) override {
        return inner_.list_documents(kind, options);
    }
    stele::position head() override {
        before_head();
        return inner_.head();
    }
    stele::version stream_version(const stele::stream_id& stream) override { return inner_.stream_version(stream); }
    stele::position position_at(stele::timestamp time) override { return inner_.position_at(time); }
    stele::position wait_for_append(stele::position seen, std::chrono::milliseconds timeout,
                                    const std::stop_token& stop) override {
        return inner_.wait_for_append(seen, timeout, stop);
    }

private:
    append_outcome do_append(std::span<const stele::stream_write> writes,
                             std::span<const stele::document_write> documents) override {
        if (writes.empty()) before_document_write();
        before_append();
        auto outcome = inner_.append(writes, documents);
        after_append();
        return outcome;
    }
    std::future<std::expected<stele::append_result, stele::conflict>> do_append_async(
        stele::stream_id stream, stele::expected_version expected, std::vector<stele::event_data> events) override {
        before_append();
        return inner_.append_async(std::move(stream), expected, std::move(events));
    }
    std::expected<stele::append_result, stele::conflict> do_remove(const stele::stream_id& stream,
                                                                   stele::expected_version expected, removal what,
                                                                   stele::version before,
                                                                   const stele::event_data&) override {
        switch (what) {
            case removal::truncate: return inner_.truncate_stream(stream, before, expected);
            case removal::erase: return inner_.delete_stream(stream, expected);
            case removal::tombstone: return inner_.tombstone_stream(stream, expected);
        }
        std::unreachable();
    }

    void fetch(const stele::stream_id& stream, const stele::stream_read_options& options,
               stele::event_batch& batch) override {
        for (const stele::recorded_event& event : inner_.read_stream(stream, options).events())
            if (event.version != hide_version) batch.add(event);
        events_read += batch.size();
    }
    void fetch(const stele::all_read_options& options, stele::event_batch& batch) override {
        for (const stele::event_batch& read : inner_.read_all(options)) {
            for (const stele::recorded_event& event : read) batch.add(on_read_all(event));
            return;  // one batch of the inner store
        }
    }
    const stele::store_limits& limits() const override { return limits_; }

    stele::event_store& inner_;
    stele::store_limits limits_;
};

}  // namespace testing
