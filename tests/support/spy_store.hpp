#pragma once

#include <stele/eventstore/event_store.hpp>

#include <atomic>
#include <cstddef>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace testing {

/// An event store in front of another one, to observe reads and to interfere with appends.
class spy_store final : public stele::event_store {
public:
    explicit spy_store(stele::event_store& inner) : inner_(inner) {}

    /// Called before each read of the head.
    std::function<void()> before_head = [] {};
    /// Called before each append reaches the inner store.
    std::function<void()> before_append = [] {};
    /// Called before each removal reaches the inner store.
    std::function<void()> before_remove = [] {};
    /// Called after each search for a document, before its result is returned.
    std::function<void()> after_find = [] {};
    /// Called after each append has returned; an exception loses its result.
    std::function<void()> after_append = [] {};
    /// Called before each append of documents alone reaches the inner store.
    std::function<void()> before_document_write = [] {};
    /// Called with each event of a read of the whole store, and may change it; its exceptions end the read. Any thread.
    std::function<void(stele::recorded_event&)> on_read_all = [](const auto&) {};
    /// How many events of single streams have been read. Any thread.
    std::atomic<std::size_t> events_read = 0;
    /// How many times documents have been listed. Any thread.
    std::atomic<std::size_t> documents_listed = 0;
    /// Hides the events of this version in streams, as if they were lost. 0: hides none.
    stele::version hide_version{};
    /// Whether it answers from the hash tree of the inner store; if not, as an engine does that keeps none.
    bool keeps_tree = true;
    /// Whether it adds tags to events of the inner store; if not, as an engine does that cannot.
    bool adds_tags = true;

private:
    stele::append_all_outcome do_append(std::span<const stele::stream_write> writes,
                                        std::span<const stele::document_write> documents,
                                        std::span<const stele::append_condition> conditions) override {
        if (writes.empty()) before_document_write();
        before_append();
        auto outcome = inner_.append(writes, documents, conditions);
        after_append();
        return outcome;
    }
    std::future<stele::append_outcome> do_append_async(stele::stream_id stream, stele::expected_version expected,
                                                       std::vector<stele::event_data> events,
                                                       std::vector<stele::append_condition> conditions) override {
        before_append();
        return inner_.append_async(std::move(stream), expected, std::move(events), std::move(conditions));
    }
    stele::append_outcome do_remove(const stele::stream_id& stream, stele::expected_version expected,
                                    stele::stream_removal kind, stele::version before,
                                    const stele::event_data&) override {
        before_remove();
        switch (kind) {
            case stele::stream_removal::truncate: return inner_.truncate_stream(stream, before, expected);
            case stele::stream_removal::erase: return inner_.delete_stream(stream, expected);
            case stele::stream_removal::tombstone: return inner_.tombstone_stream(stream, expected);
        }
        std::unreachable();
    }

    void do_fetch(const stele::stream_id& stream, const stele::stream_read_options& options,
                  stele::event_batch& batch) override {
        for (const stele::recorded_event& event : inner_.read_stream(stream, options).events())
            if (event.version != hide_version) batch.add(event);
        events_read += batch.size();
    }
    void do_fetch(const stele::all_read_options& options, stele::event_batch& batch) override {
        for (const stele::event_batch& read : inner_.read_all(options)) {
            for (const stele::recorded_event& event : read) {
                const stele::owned_event copy(event);
                auto seen = copy.view();
                on_read_all(seen);
                batch.add(seen);
            }
            return;  // as many as the inner store reads at once
        }
    }
    std::optional<stele::owned_event> do_find_event(const stele::uuid& id) override { return inner_.find_event(id); }
    stele::stream_info do_find_stream(const stele::stream_id& stream) override { return inner_.find_stream(stream); }
    std::vector<stele::stream_info> do_list_streams(const stele::stream_list_options& options) override {
        return inner_.list_streams(options);
    }
    std::optional<stele::document> do_find_document(std::string_view kind, std::string_view key) override {
        auto found = inner_.find_document(kind, key);
        after_find();
        return found;
    }
    std::vector<stele::document> do_list_documents(std::string_view kind,
                                                   const stele::document_read_options& options) override {
        ++documents_listed;
        return inner_.list_documents(kind, options);
    }
    void do_add_tags(const stele::tag_batch& batch, const stele::event_data& record) override {
        if (!adds_tags) return event_store::do_add_tags(batch, record);
        inner_.add_tags(batch);
    }
    std::vector<stele::tagging_status> do_tagging_status() override {
        return adds_tags ? inner_.tagging_status() : event_store::do_tagging_status();
    }
    std::vector<std::string> do_event_types() override { return inner_.event_types(); }
    stele::position do_head() override {
        before_head();
        return inner_.head();
    }
    stele::version do_stream_version(const stele::stream_id& stream) override { return inner_.stream_version(stream); }
    stele::position do_position_at(stele::timestamp time) override { return inner_.position_at(time); }
    stele::tree_root do_root(std::optional<stele::position> size) override {
        if (!keeps_tree) return event_store::do_root(size);
        return size ? inner_.root(*size) : inner_.root();
    }
    stele::inclusion_proof do_prove_inclusion(stele::position event, stele::position size) override {
        return keeps_tree ? inner_.prove_inclusion(event, size) : event_store::do_prove_inclusion(event, size);
    }
    stele::consistency_proof do_prove_consistency(stele::position old_size, stele::position new_size) override {
        return keeps_tree ? inner_.prove_consistency(old_size, new_size)
                          : event_store::do_prove_consistency(old_size, new_size);
    }
    stele::position do_wait_for_append(stele::position seen, std::chrono::milliseconds timeout,
                                       const std::stop_token& stop) override {
        return inner_.wait_for_append(seen, timeout, stop);
    }
    const stele::store_limits& do_limits() const override { return inner_.limits(); }

    stele::event_store& inner_;
};

}  // namespace testing
