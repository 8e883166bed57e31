#include "eventstore/retention/event_remover.hpp"

#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/error.hpp>

#include <algorithm>
#include <exception>
#include <utility>

namespace stele::inline v0::detail {
namespace {

constexpr std::size_t most_failures = 100;
constexpr std::size_t round_streams = 256;

// Why the rule or the handler of an inline projection does not let a stream be truncated. Rethrows everything else.
std::string refusal_of_stream(const std::exception_ptr& failure) {
    if (kind_of(failure) == error_kind::rejected || is_of_the_event(failure)) return message_of(failure);
    std::rethrow_exception(failure);
}

}  // namespace

event_remover::event_remover(event_store& store, const retention_options& options) : store_(store), options_(options) {
    if (options.archive.empty() || options.dry_run) return;
    archive_.emplace(store, options);
    complete_earlier();
}

void event_remover::complete_earlier() {
    const auto unremoved = archive_->unremoved();
    std::vector<step> steps;
    for (const auto& [stream, held] : unremoved) {
        const auto last = archive_->expect_same(stream, held);
        const stream_id id{stream};
        if (last.value == 0) {
            archive_->removed(stream);
            continue;
        }
        steps.push_back({id, store_.find_stream(id).first.value_or(event_place{}).version, last, true});
    }
    if (!unremoved.empty()) archive_->sync();  // whoever wrote it may not have come so far
    for (const auto& each : steps) truncate(each);
    if (!unremoved.empty()) archive_->note();
}

bool event_remover::remove(const stream_id& stream, version first, version last, bool is_first) {
    if (failed_.contains(stream.str())) return false;
    const step next{stream, first, last, is_first};
    if (options_.dry_run) {
        count(next);
    } else if (!archive_) {
        truncate(next);
    } else {
        report_.events_archived += archive_->add(stream, first, last);
        round_events_ += last.value - first.value + 1;
        round_.push_back(next);
        if (round_events_ >= options_.events_per_commit || round_.size() >= round_streams) finish();
    }
    return !failed_.contains(stream.str());
}

void event_remover::finish() {
    if (round_.empty()) return;
    archive_->sync();
    for (const auto& each : std::exchange(round_, {})) truncate(each);
    round_events_ = 0;
    archive_->note();
}

void event_remover::truncate(step each) {
    // Somebody else may have removed the events, or some of them, meanwhile.
    const auto found = store_.find_stream(each.stream);
    if (!found.first || found.first->version > each.last) {
        if (archive_) archive_->removed(each.stream.str());
        return keeps(each.stream.str());
    }
    each.first = std::max(each.first, found.first->version);
    std::string refusal;
    bool is_done = false;
    try {
        const auto done = store_.truncate_stream(each.stream, each.last.next());
        is_done = done.has_value();
        // Somebody else may have deleted the stream meanwhile.
        if (!is_done && store_.find_stream(each.stream).state == stream_state::live) refusal = done.error().message();
    } catch (const std::exception&) {
        refusal = refusal_of_stream(std::current_exception());
    }
    if (!refusal.empty()) {
        fails(each.stream.str(), refusal);
        return;
    }
    if (archive_) archive_->removed(each.stream.str());
    if (is_done) count(each);
}

void event_remover::fails(const std::string& stream, const std::string& reason) {
    ++report_.streams_failed;
    if (report_.failures.size() < most_failures) report_.failures.push_back({stream, reason});
    failed_.insert(stream);
    tell({stream, {}, 0, reason});
}

void event_remover::count(const step& each) {
    const auto events = each.last.value - each.first.value + 1;
    report_.events_removed += events;
    if (each.is_first) ++report_.streams_truncated;
    tell({each.stream.str(), each.last, events, {}});
}

void event_remover::tell(const stream_retention& stream) const {
    if (options_.on_stream) options_.on_stream(stream, report_);
}

}  // namespace stele::inline v0::detail
