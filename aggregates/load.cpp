#include <stele/aggregates/load.hpp>
#include <stele/eventstore/detail/removals.hpp>
#include <stele/eventstore/event_store.hpp>
#include <stele/eventstore/metadata.hpp>

#include <fmt/format.h>

#include <optional>
#include <utility>

namespace stele::inline v0::detail {
namespace {

/// The versions between which events are missing.
using version_gap = std::pair<version, version>;

/// No bound by business time.
constexpr auto whole = load_window{}.occurred_up_to;

/// How a pass over a stream ended.
struct fold_pass {
    bool is_gone = false;  ///< Nothing was done: the event at which the pass should go on is not there any more.
    std::optional<version_gap> gap = {};  ///< It stopped here.
};

/// A pass over what a window shows of a stream.
struct fold_source {
    event_store& store;
    const stream_id& stream;
    load_window window;
    event_decoder& decoder;
    void* state;
    version& removed;

    /// Folds what comes after `reached`. With `checks_last`, reads the event at `reached` once more, if there is one.
    /// Where the window has a bound by business time, a pass begins at the first event: `reached` is 0.
    fold_pass fold(stream_position& reached, bool checks_last) const {
        const bool reads_last = checks_last && reached.version.value != 0;
        bool is_there = !reads_last;
        stream_position seen = reached;
        const version after{reached.version.value - (reads_last ? 1 : 0)};
        for (const event_batch& batch :
             store.read_stream(stream, {.after = after, .up_to = window.up_to, .as_of = window.as_of})) {
            for (const recorded_event& event : batch) {
                if (is_there) {
                    if (seen.version.value != 0 && event.version != seen.version.next())
                        return {.gap = version_gap{seen.version, event.version}};
                    if (seen.version.value == 0) removed = {event.version.value - 1};
                    seen = {event.version, event.position};
                    if (window.occurred_up_to < whole && occurred_at(event) > window.occurred_up_to) continue;
                    decoder.decode(event, state);
                    reached = seen;
                } else if (event.position != reached.position) {
                    return {.is_gone = true};
                }
                is_there = true;
            }
        }
        return {.is_gone = !is_there};
    }

    /// Continues at `reached`, whose event was truncated, if nothing after it was. Otherwise returns false; the state
    /// may hold some of the later events then.
    [[nodiscard]] bool fold_after_truncation(stream_position& reached) const {
        if (reached.position.value == 0 || was_deleted_after(store, stream, reached.position)) return false;
        const auto begin = reached.version;
        if (fold(reached, false).gap) return false;
        return reached.version != begin || window != load_window{} || store.stream_version(stream) == begin;
    }
};

}  // namespace

bool fold_stream(event_store& store, const stream_id& stream, fold_target target, load_window window,
                 event_decoder& decoder, when_truncated then) {
    auto& reached = target.reached;
    const fold_source source{store, stream, window, decoder, target.state, target.removed};
    bool went_on = true;
    version_gap gap_before;  // none begins at 0 and ends there
    const auto begin_again = [&] {
        target.restart(target.state);
        reached = {};
        target.removed = {};
        went_on = false;
    };
    while (true) {
        const auto pass = source.fold(reached, true);
        if (!pass.is_gone && !pass.gap) {
            if (reached.version.value != 0 || window != load_window{}) return went_on;
            // Nothing is there, but all of it may have been truncated. The version is the store's: it still counts.
            const auto end = store.stream_version(stream);
            if (end.value == 0) return went_on;
            const auto again = source.fold(reached, true);
            if (reached.version.value == 0) {
                reached.version = target.removed = end;
                return went_on;
            }
            if (!again.gap) return went_on;
        } else if (pass.is_gone && then == when_truncated::goes_on && source.fold_after_truncation(reached)) {
            return went_on;
        }
        // Events that were removed between two batches leave a gap, too, but not the same one when all is read again.
        if (pass.gap && *pass.gap == gap_before)
            throw error(error_kind::corrupt,
                        fmt::format("Stream \"{}\" goes from version {} to {}: events are missing, so its state is "
                                    "unknown.",
                                    stream.str(), pass.gap->first.value, pass.gap->second.value));
        gap_before = pass.gap.value_or(version_gap{});
        begin_again();
    }
}

}  // namespace stele::inline v0::detail
