#include "eventstore/engine/argument_checks.hpp"
#include "eventstore/engine/head_signal.hpp"
#include "eventstore/hashtree/tree_answers.hpp"
#include "eventstore/memory/memory_log.hpp"

#include <stele/eventstore/memory/memory_store.hpp>

#include <mutex>
#include <shared_mutex>
#include <utility>

namespace stele::inline v0 {

struct memory_store::state {
    state(const store_limits& limits, std::function<timestamp()> now)
        : log((detail::check_limits(limits), limits), given(std::move(now))) {}

    static std::function<timestamp()> given(std::function<timestamp()> now) {
        if (!now) throw error(error_kind::invalid_argument, "memory_store: the clock is empty; give it one");
        return now;
    }

    detail::process_mark process = {};
    std::shared_mutex mutex;
    detail::memory_log log;
    detail::head_signal signal;

    // Calls `change` with the log, alone, and wakes those who wait for its head.
    template <class Change>
    auto write(const Change& change) {
        std::unique_lock lock(mutex);
        auto outcome = change(log);
        const auto head = log.head();
        lock.unlock();
        signal.announce(head);
        return outcome;
    }

    template <class Look>
    auto read(const Look& look) {
        const std::shared_lock lock(mutex);
        return look(std::as_const(log));
    }
};

memory_store::memory_store(store_limits limits, std::function<detail::saturated<timestamp>()> now)
    : state_("this memory_store", std::make_unique<state>(limits, std::move(now))) {}

memory_store::~memory_store() {
    // Threads of the parent may use it.
    if (state_.unchecked()->process.is_inherited()) [[maybe_unused]]
        const auto* const of_parent = state_.take().release();
}

append_all_outcome memory_store::do_append(std::span<const stream_write> writes,
                                           std::span<const document_write> documents,
                                           std::span<const append_condition> conditions) {
    return state_->write([&](auto& log) { return log.append(writes, documents, conditions); });
}

std::future<append_outcome> memory_store::do_append_async(stream_id stream, expected_version expected,
                                                          std::vector<event_data> events,
                                                          std::vector<append_condition> conditions) {
    std::promise<append_outcome> promise;
    promise.set_value(append(stream, expected, events, conditions));
    return promise.get_future();
}

append_outcome memory_store::do_remove(const stream_id& stream, expected_version expected, stream_removal kind,
                                       version before, const event_data& record) {
    return state_->write([&](auto& log) { return log.remove(stream, expected, kind, before, record); });
}

void memory_store::do_fetch(const stream_id& stream, const stream_read_options& options, event_batch& batch) {
    state_->read([&](const auto& log) { log.fetch(stream, options, batch); });
}

void memory_store::do_fetch(const all_read_options& options, event_batch& batch) {
    state_->read([&](const auto& log) { log.fetch(options, batch); });
}

std::optional<owned_event> memory_store::do_find_event(const uuid& id) {
    return state_->read([&](const auto& log) { return log.find_event(id); });
}

stream_info memory_store::do_find_stream(const stream_id& stream) {
    return state_->read([&](const auto& log) { return log.find_stream(stream); });
}

std::vector<stream_info> memory_store::do_list_streams(const stream_list_options& options) {
    return state_->read([&](const auto& log) { return log.list_streams(options); });
}

std::optional<document> memory_store::do_find_document(std::string_view kind, std::string_view key) {
    auto found = list_documents(kind, {.prefix = std::string(key), .limit = 1});
    if (found.empty() || found.front().key != key) return std::nullopt;
    return std::move(found.front());
}

std::vector<document> memory_store::do_list_documents(std::string_view kind, const document_read_options& options) {
    return state_->read([&](const auto& log) { return log.list_documents(kind, options); });
}

void memory_store::do_add_tags(const tag_batch& batch, const event_data& record) {
    state_->write([&](auto& log) {
        log.add_tags(batch, record);
        return true;
    });
}

std::vector<stele::tagging_status> memory_store::do_tagging_status() {
    return state_->read([](const auto& log) { return log.list_tagging(); });
}

std::vector<std::string> memory_store::do_event_types() {
    return state_->read([](const auto& log) { return log.event_types(); });
}

position memory_store::do_head() {
    return state_->read([](const auto& log) { return log.head(); });
}

version memory_store::do_stream_version(const stream_id& stream) {
    return state_->read([&](const auto& log) { return log.stream_version(stream); });
}

position memory_store::do_position_at(timestamp time) {
    return state_->read([&](const auto& log) { return log.position_at(time); });
}

tree_root memory_store::do_root(std::optional<position> size) {
    const std::unique_lock lock(state_->mutex);
    return detail::root_of(state_->log.tree(), size);
}

inclusion_proof memory_store::do_prove_inclusion(position event, position size) {
    const std::unique_lock lock(state_->mutex);
    return detail::prove_inclusion(state_->log.tree(), event, size);
}

consistency_proof memory_store::do_prove_consistency(position old_size, position new_size) {
    const std::unique_lock lock(state_->mutex);
    return detail::prove_consistency(state_->log.tree(), old_size, new_size);
}

position memory_store::do_wait_for_append(position seen, std::chrono::milliseconds timeout,
                                          const std::stop_token& stop) {
    return state_->signal.wait_for_append(seen, timeout, timeout, stop, [this] { return head(); });
}

const store_limits& memory_store::do_limits() const {
    return state_->log.limits();
}

}  // namespace stele::inline v0
