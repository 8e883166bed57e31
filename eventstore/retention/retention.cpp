#include "eventstore/engine/argument_checks.hpp"
#include "eventstore/retention/event_remover.hpp"

#include <stele/eventstore/error.hpp>
#include <stele/eventstore/retention/retention.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace stele::inline v0 {
namespace {

void check(const retention_policy& policy) {
    const auto refuse = [](std::string_view why) {
        throw error(error_kind::invalid_argument, fmt::format("a retention policy {}", why));
    };
    if (policy.stream.empty() == policy.category.empty()) refuse("names a stream or a category, and not both");
    const auto name = policy.stream.empty() ? policy.category : policy.stream;
    if (category_of(name) == system_category)
        refuse(fmt::format("cannot be about '{}': its streams belong to the store itself", name));
    if (!policy.stream.empty()) static_cast<void>(stream_id{policy.stream});
    if (!policy.category.empty()) detail::check_category("a retention policy", policy.category);
    if (!policy.keep_events && !policy.keep_for && !policy.covered_by)
        refuse(fmt::format("about '{}' says nothing: give keep_events, keep_for or covered_by", name));
    if (policy.keep_for && policy.keep_for->count() < 0)
        refuse(fmt::format("about '{}' keeps events for less than no time: give a keep_for of 0 or more", name));
}

/// One run over the streams of the policies.
class retention_run {
public:
    retention_run(event_store& store, const retention_options& options)
        : store_(store), options_(options), now_(options.now()), remover_(store, options) {}

    void apply(const retention_policy& policy) {
        const auto end = end_of(policy);
        if (!policy.stream.empty()) {
            visit(policy, end, store_.find_stream(stream_id{policy.stream}));
        } else {
            constexpr std::size_t page_streams = 512;
            stream_list_options list{.category = policy.category, .limit = page_streams};
            for (bool is_last = false; !is_last && !is_stopped();) {
                const auto page = store_.list_streams(list);
                for (const auto& stream : page)
                    if (!is_stopped()) visit(policy, end, stream);
                is_last = page.size() < page_streams;
                if (!page.empty()) list.after = page.back().stream;
            }
        }
        remover_.finish();  // the next policy may be about the same streams
    }

    retention_report finish() {
        remover_.finish();
        auto report = remover_.report();
        report.complete = !is_stopped();
        return report;
    }

    [[nodiscard]] bool is_stopped() const { return options_.stop.stop_requested(); }

private:
    /// Up to where the policy removes anything.
    position end_of(const retention_policy& policy) {
        if (!policy.keep_for) return policy.up_to;
        return std::min(policy.up_to, store_.position_at(detail::saturating_add(now_, -*policy.keep_for)));
    }

    /// Up to which version the events of the stream are removed; 0 for none.
    version last_to_remove(const retention_policy& policy, position end, const stream_info& stream) {
        const auto keep = policy.keep_events.value_or(1);
        if (!stream.first || !stream.last || stream.version.value <= keep) return {};
        version last{stream.version.value - keep};
        const stream_id id{stream.stream};
        if (stream.first->position > end) return {};
        if (stream.last->position > end) {
            version before{};
            for (const auto& event :
                 store_.read_stream(id, {.direction = direction::backward, .limit = 1, .as_of = end}).events())
                before = event.version;
            last = std::min(last, before);
        }
        if (last < stream.first->version) return {};
        return policy.covered_by ? std::min(last, policy.covered_by(id)) : last;
    }

    void visit(const retention_policy& policy, position end, const stream_info& stream) {
        remover_.sees();
        const auto last = last_to_remove(policy, end, stream);
        if (last.value == 0 || last < stream.first->version) return remover_.keeps(stream.stream);
        const stream_id id{stream.stream};
        for (auto first = stream.first->version; first <= last && !is_stopped();) {
            const auto room = options_.events_per_commit - 1;
            const version step{last.value - first.value > room ? first.value + room : last.value};
            if (!remover_.remove(id, first, step, first == stream.first->version)) return;
            first = step.next();
        }
    }

    event_store& store_;
    const retention_options& options_;
    timestamp now_;
    detail::event_remover remover_;
};

}  // namespace

retention_report apply_retention(event_store& store, const std::vector<retention_policy>& policies,
                                 const retention_options& options) {
    std::ranges::for_each(policies, check);
    if (options.events_per_commit == 0)
        throw error(error_kind::invalid_argument, "retention: events_per_commit is 0; give at least 1");
    if (!options.now) throw error(error_kind::invalid_argument, "retention: the clock is empty; give one as `now`");
    retention_run run(store, options);
    for (const auto& policy : policies)
        if (!run.is_stopped()) run.apply(policy);
    return run.finish();
}

}  // namespace stele::inline v0
