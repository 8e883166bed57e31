#include "eventstore/documents.hpp"
#include "eventstore/head_signal.hpp"
#include "eventstore/repeated.hpp"

#include <stele/eventstore/memory/memory_store.hpp>

#include <algorithm>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace stele::inline v0 {
namespace {

struct kept_event {
    stele::version version;
    timestamp recorded_at;
    const std::string* stream;  // the key in the map of streams, which never moves
    bool closes_append;
    bool removed;
    event_data data;
};

struct kept_stream {
    enum class phase : std::uint8_t { live, deleted, tombstoned };

    std::vector<position> positions;  // version n stands at n - 1, also when it was removed
    phase state = phase::live;

    // The version as an append sees it.
    [[nodiscard]] stele::version version() const { return {state == phase::live ? positions.size() : 0}; }
};

struct kept_document {
    std::string value;
    stele::position position;
    timestamp written_at;
};

timestamp now() {
    return std::chrono::floor<std::chrono::microseconds>(std::chrono::system_clock::now());
}

}  // namespace

struct memory_store::state {
    store_limits limits;
    std::shared_mutex mutex;
    std::vector<kept_event> events;  // the event at position n stands at n - 1
    std::unordered_map<std::string, kept_stream> streams;
    std::map<uuid, position> ids;
    std::map<std::string, std::map<std::string, kept_document, std::less<>>, std::less<>> documents;  // by kind and key
    detail::head_signal signal;

    [[nodiscard]] const kept_event& at(position p) const { return events[p.value - 1]; }
    [[nodiscard]] const kept_stream& stream(const stream_id& name) const {
        static const kept_stream absent;
        const auto it = streams.find(name.str());
        return it == streams.end() ? absent : it->second;
    }

    void add_to(event_batch& batch, position p) const {
        const auto& e = at(p);
        batch.add({.position = p,
                   .version = e.version,
                   .recorded_at = e.recorded_at,
                   .id = e.data.id,
                   .stream = *e.stream,
                   .type = e.data.type,
                   .payload = e.data.payload,
                   .metadata = e.data.metadata});
    }

    [[nodiscard]] bool full(const event_batch& batch, std::uint64_t limit) const {
        return batch.size() >= std::min<std::uint64_t>(limit, limits.read_batch_events) ||
               batch.size_bytes() >= limits.read_batch_bytes;
    }

    [[nodiscard]] std::optional<conflict> refusal_of(const stream_write& write) const {
        const auto& target = stream(write.stream);
        const auto refuse = [&](conflict_reason why) {
            return conflict{write.stream, write.expected, target.version(), why};
        };
        if (target.state == kept_stream::phase::tombstoned) return refuse(conflict_reason::tombstoned);
        if (target.state == kept_stream::phase::deleted && write.expected != expected_version::no_stream())
            return refuse(conflict_reason::deleted);
        if (!write.expected.accepts(target.version())) return refuse(conflict_reason::version);
        for (const auto& event : write.events)
            if (ids.contains(event.id)) return refuse(conflict_reason::event_id);
        return std::nullopt;
    }

    // The results of the append that stored exactly these events, at the places that are expected.
    [[nodiscard]] std::optional<std::vector<append_result>> find_repeated(std::span<const stream_write> writes) const {
        const auto first = ids.find(writes.front().events.front().id);
        if (first == ids.end()) return std::nullopt;
        auto next = first->second;
        if (next.value > 1 && !at({next.value - 1}).removed && !at({next.value - 1}).closes_append) return std::nullopt;
        std::vector<append_result> results;
        for (const auto& write : writes) {
            const version before{next.value <= events.size() ? at(next).version.value - 1 : 0};
            const auto& positions = stream(write.stream).positions;
            const bool begins =
                before.value == 0 || (before.value <= positions.size() && at(positions[before.value - 1]).removed);
            if (!detail::can_have_followed(write.expected, before, begins)) return std::nullopt;
            for (const auto& event : write.events) {
                const bool last = &write == &writes.back() && &event == &write.events.back();
                if (next.value > events.size()) return std::nullopt;
                const auto& stored = at(next);
                if (stored.removed || *stored.stream != write.stream.str() || stored.data.id != event.id ||
                    stored.closes_append != last)
                    return std::nullopt;
                ++next.value;
            }
            results.push_back({{before.value + write.events.size()}, {next.value - 1}, true});
        }
        return results;
    }

    std::vector<append_result> store(std::span<const stream_write> writes) {
        const auto recorded_at = events.empty() ? now() : std::max(now(), events.back().recorded_at);
        std::vector<append_result> results;
        for (const auto& write : writes) {
            auto& [name, target] = *streams.try_emplace(write.stream.str()).first;
            target.state = kept_stream::phase::live;
            for (const auto& event : write.events) {
                const bool last = &write == &writes.back() && &event == &write.events.back();
                events.push_back({{target.positions.size() + 1}, recorded_at, &name, last, false, event});
                target.positions.push_back({events.size()});
                ids.emplace(event.id, position{events.size()});
            }
            results.push_back({{target.positions.size()}, {events.size()}});
        }
        return results;
    }

    [[nodiscard]] bool adds_twice(std::span<const document_write> writes) const {
        return std::ranges::any_of(writes, [this](const document_write& write) {
            const auto kind = documents.find(write.kind);
            return write.what == document_write::action::add && kind != documents.end() &&
                   kind->second.contains(write.key);
        });
    }

    void store(std::span<const document_write> writes) {
        for (const auto& write : writes) {
            if (write.what == document_write::action::remove)
                documents[write.kind].erase(write.key);
            else
                documents[write.kind][write.key] = {write.value, position{events.size()}, now()};
        }
    }

    append_outcome append(std::span<const stream_write> writes, std::span<const document_write> beside = {}) {
        for (const auto& write : writes) {
            if (const auto refused = refusal_of(write)) {
                if (auto earlier = find_repeated(writes)) return *std::move(earlier);
                return std::unexpected(*refused);
            }
        }
        if (adds_twice(beside)) return std::unexpected(detail::document_conflict());
        auto results = store(writes);
        store(beside);
        return results;
    }

    void remove(kept_stream& target, version up_to) {
        for (std::uint64_t n = 0; n < up_to.value; ++n) {
            auto& event = events[target.positions[n].value - 1];
            ids.erase(event.data.id);
            event.removed = true;
            event.data = {};
        }
    }
};

memory_store::memory_store(store_limits limits) : state_(std::make_unique<state>()) {
    state_->limits = limits;
}

memory_store::~memory_store() = default;

std::optional<document> memory_store::find_document(std::string_view kind, std::string_view key) {
    auto found = list_documents(kind, {.prefix = std::string(key), .limit = 1});
    if (found.empty() || found.front().key != key) return std::nullopt;
    return std::move(found.front());
}

std::vector<document> memory_store::list_documents(std::string_view kind, const document_read_options& options) {
    const std::shared_lock lock(state_->mutex);
    std::vector<document> found;
    const auto all = state_->documents.find(kind);
    if (all == state_->documents.end()) return found;
    auto next = options.after < options.prefix ? all->second.lower_bound(options.prefix)
                                               : all->second.upper_bound(options.after);
    for (; next != all->second.end() && found.size() < options.limit && next->first.starts_with(options.prefix); ++next)
        found.push_back({next->first, next->second.value, next->second.position, next->second.written_at});
    return found;
}

position memory_store::head() {
    const std::shared_lock lock(state_->mutex);
    return {state_->events.size()};
}

version memory_store::stream_version(const stream_id& stream) {
    const std::shared_lock lock(state_->mutex);
    return state_->stream(stream).version();
}

position memory_store::position_at(timestamp time) {
    const std::shared_lock lock(state_->mutex);
    const auto after = std::ranges::upper_bound(state_->events, time, {}, &kept_event::recorded_at);
    return {static_cast<std::uint64_t>(after - state_->events.begin())};
}

position memory_store::wait_for_append(position seen, std::chrono::milliseconds timeout, const std::stop_token& stop) {
    return state_->signal.wait_for_append(seen, timeout, timeout, stop, [this] { return head(); });
}

const store_limits& memory_store::limits() const {
    return state_->limits;
}

memory_store::append_outcome memory_store::do_append(std::span<const stream_write> writes,
                                                     std::span<const document_write> documents) {
    position head;
    const auto outcome = [&] {
        const std::lock_guard lock(state_->mutex);
        auto result = state_->append(writes, documents);
        head = {state_->events.size()};
        return result;
    }();
    state_->signal.announce(head);
    return outcome;
}

std::future<std::expected<append_result, conflict>> memory_store::do_append_async(stream_id stream,
                                                                                  expected_version expected,
                                                                                  std::vector<event_data> events) {
    std::promise<std::expected<append_result, conflict>> promise;
    promise.set_value(append(stream, expected, events));
    return promise.get_future();
}

std::expected<append_result, conflict> memory_store::do_remove(const stream_id& stream, expected_version expected,
                                                               removal what, version before, const event_data& record) {
    using phase = kept_stream::phase;
    position head;
    append_outcome outcome;
    {
        const std::lock_guard lock(state_->mutex);
        const auto it = state_->streams.find(stream.str());
        const auto actual = state_->stream(stream).version();
        const auto refuse = [&](conflict_reason why) {
            return std::unexpected(conflict{stream, expected, actual, why});
        };
        if (it == state_->streams.end()) return refuse(conflict_reason::version);
        auto& target = it->second;
        if (target.state == phase::tombstoned) return refuse(conflict_reason::tombstoned);
        if (target.state == phase::deleted && what != removal::tombstone) return refuse(conflict_reason::deleted);
        if (!expected.accepts(actual)) return refuse(conflict_reason::version);
        if (what == removal::truncate && before.value > target.positions.size() + 1)
            return std::unexpected(conflict{stream, expected_version::exactly({before.value - 1}), actual});

        if (what == removal::truncate) {
            state_->remove(target, {before.value == 0 ? 0 : before.value - 1});
        } else {
            state_->remove(target, {target.positions.size()});
            target.state = what == removal::erase ? phase::deleted : phase::tombstoned;
        }
        const stream_id records(system_category, "streams");
        const stream_write write{records, expected_version::any(), std::span(&record, 1)};
        outcome = state_->append(std::span(&write, 1));
        head = {state_->events.size()};
    }
    state_->signal.announce(head);
    return outcome->front();
}

void memory_store::fetch(const stream_id& stream, const stream_read_options& options, event_batch& batch) {
    const std::shared_lock lock(state_->mutex);
    const auto& positions = state_->stream(stream).positions;
    const auto first = options.after.value;
    const auto last = std::min<std::uint64_t>(options.up_to.value, positions.size());
    for (auto n = first; n < last && !state_->full(batch, options.limit); ++n) {
        const auto p = positions[options.direction == direction::forward ? n : first + last - 1 - n];
        if (p <= options.as_of && !state_->at(p).removed) state_->add_to(batch, p);
    }
}

void memory_store::fetch(const all_read_options& options, event_batch& batch) {
    const std::shared_lock lock(state_->mutex);
    const auto first = options.after.value;
    const auto last = std::min<std::uint64_t>(options.up_to.value, state_->events.size());
    for (auto n = first; n < last && !state_->full(batch, options.limit); ++n) {
        const position p{(options.direction == direction::forward ? n : first + last - 1 - n) + 1};
        const auto& event = state_->at(p);
        if (!event.removed && options.filter.passes(*event.stream, event.data.type)) state_->add_to(batch, p);
    }
}

}  // namespace stele::inline v0
