#include "processes/batch/process_batch.hpp"

#include "processes/process_step.hpp"

#include <algorithm>

namespace stele::inline v0::detail {
namespace {

/// A batch ends after the turn with which it has become so large, or has taken so long: others wait for the instances
/// that it holds, and for what it will append.
constexpr std::size_t enough_bytes = 1UL << 20;
constexpr std::chrono::milliseconds enough_time{10};

}  // namespace

process_batch::process_batch(command_bus_base& bus) : unit_(bus) {}

void process_batch::begin() {
    unit_.begin();
    begun_ = std::chrono::steady_clock::now();
    journals_.clear();
    by_stream_.clear();
    documents_.clear();
    by_key_.clear();
    set_deadlines_.clear();
    last_place_.clear();
    bytes_ = events_ = 0;
}

command_result process_batch::send(const stream_id& journal, const google::protobuf::Message& command,
                                   const send_options& options) {
    const auto& limits = unit_.store().limits();
    // The journals need room, too. A turn that is as large is made alone, one append for each command.
    if (unit_.bytes() > limits.append_bytes / 4 || unit_.events() > limits.append_events / 4) throw not_in_batch{};
    auto result = unit_.send(command, options);
    if (!result && result.error().conflict() != nullptr) throw not_in_batch{};
    if (result && !result->events.empty()) {
        // The events of a stream stand together, so those of this command stand where its stream does.
        auto& last = last_place_[journal.str()];
        const auto place = unit_.last_place();
        if (place < last) throw not_in_batch{.may_begin_one = true};
        last = place;
    }
    return result;
}

std::optional<process_instance> process_batch::take(const stream_id& stream) {
    const auto found = by_stream_.find(stream.str());
    return found == by_stream_.end() ? std::nullopt : std::exchange(journals_[found->second].instance, std::nullopt);
}

void process_batch::keep(const stream_id& stream, process_instance instance) {
    const auto [found, added] = by_stream_.try_emplace(stream.str(), journals_.size());
    if (added)
        journals_.push_back(
            {.stream = stream,
             .expected = expected_version::exactly(instance.version).nothing_removed_after(instance.removed)});
    journals_[found->second].instance.emplace(std::move(instance));
}

void process_batch::add(const stream_id& stream, process_instance instance, process_step& step) {
    const auto expected = expected_version::exactly(instance.version).nothing_removed_after(instance.removed);
    // As it will be, so that the next turn sees that the instance exists.
    instance.version.value += step.entries.size();
    const auto [found, added] = by_stream_.try_emplace(stream.str(), journals_.size());
    if (added) journals_.push_back({.stream = stream, .expected = expected});
    auto& target = journals_[found->second];
    target.instance.emplace(std::move(instance));
    for (auto& entry : step.entries) {
        bytes_ += entry.size_bytes();
        target.entries.push_back(std::move(entry));
    }
    events_ += step.entries.size();
    for (auto& document : step.documents) {
        bytes_ += document.key.size() + document.value.size();
        // The last write to a key counts.
        const auto [at, is_new] = by_key_.try_emplace({document.kind, document.key}, documents_.size());
        if (is_new)
            documents_.push_back(std::move(document));
        else
            documents_[at->second] = std::move(document);
    }
    set_deadlines_.insert(set_deadlines_.end(), step.set_deadlines.begin(), step.set_deadlines.end());
}

bool process_batch::is_full() const {
    const auto& limits = unit_.store().limits();
    return bytes_ + unit_.bytes() >= std::min(enough_bytes, limits.append_bytes / 4) ||
           events_ + unit_.events() >= limits.append_events / 4 ||
           std::chrono::steady_clock::now() - begun_ >= enough_time;
}

bool process_batch::has_writes() const noexcept {
    return events_ > 0 || !documents_.empty() || unit_.bytes() > 0;
}

bool process_batch::commit(document_write checkpoint) {
    std::vector<stream_write> writes;
    for (const auto& each : journals_)
        if (!each.entries.empty()) writes.push_back({each.stream, each.expected, each.entries});
    documents_.push_back(std::move(checkpoint));
    const auto done = unit_.commit(writes, documents_);
    if (!done) return false;
    auto end = done->more.begin();
    for (auto& each : journals_)
        if (!each.entries.empty()) each.instance->version = (end++)->version;
    return true;
}

std::vector<std::pair<stream_id, process_instance>> process_batch::take_all() {
    std::vector<std::pair<stream_id, process_instance>> all;
    for (auto& each : journals_)
        if (each.instance) all.emplace_back(std::move(each.stream), *std::move(each.instance));
    return all;
}

}  // namespace stele::inline v0::detail
