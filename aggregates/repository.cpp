#include <stele/aggregates/detail/snapshot_document.hpp>
#include <stele/aggregates/repository.hpp>
#include <stele/codec/codec.hpp>
#include <stele/eventstore/detail/time_text.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace stele::inline v0::detail {
namespace {

void write_due_snapshot(event_store& store, const stream_id& stream, any_aggregate& known,
                        const warning_handler& warn) {
    const auto last_good = known.snapshot;
    const auto snapshot = take_due_snapshot(stream, known, warn);
    // Where none was stored, events after the last good one may be removed, and the state must not be saved then.
    if (!snapshot || !write_snapshot(store, *snapshot, warn)) known.snapshot = last_good;
}

}  // namespace

void load_aggregate(event_store& store, const stream_id& stream, any_aggregate& known, load_window window,
                    const warning_handler& warn) {
    bring_up_to_date(store, stream, known, window, warn);
    if (window == load_window{}) write_due_snapshot(store, stream, known, warn);
}

std::expected<append_result, conflict> save_aggregate(event_store& store, const stream_id& stream, any_aggregate& known,
                                                      const any_decision& decided, const stele::metadata& metadata,
                                                      const warning_handler& warn) {
    if (const auto* no = decided.rejection())
        throw error(error_kind::invalid_argument,
                    fmt::format("A rejection ({}) for {} cannot be saved. Check is_accepted() before saving.", no->code,
                                stream.str()));
    if (decided.events().empty()) return append_result{known.reached};
    const auto events = encode_events(decided, encode(metadata));
    const auto base = std::max(known.snapshot, known.removed);
    auto appended =
        store.append(stream, expected_version::exactly(known.reached.version).nothing_removed_after(base), events);
    if (!appended) return appended;
    fold_appended(known, events, {appended->version, appended->position});
    write_due_snapshot(store, stream, known, warn);
    return appended;
}

void write_snapshot_of(event_store& store, const stream_id& stream, const snapshot_functions& functions,
                       const void* state, stream_position reached, version removed) {
    if (reached.version.value == 0) return;
    store_snapshot(store, make_snapshot(stream, functions, state, reached, removed));
}

void expect_state_of(const stream_id& stream, const std::optional<stream_id>& loaded_from, timestamp occurred_up_to) {
    if (occurred_up_to != load_window{}.occurred_up_to)
        throw error(error_kind::invalid_argument,
                    fmt::format("The state of {} was loaded as of a business time (occurred_up_to {}) and may lack "
                                "events: load it again without that bound.",
                                stream.str(), time_text(occurred_up_to)));
    if (!loaded_from || *loaded_from == stream) return;
    throw error(error_kind::invalid_argument,
                fmt::format("The state was loaded from {} and cannot be used for {}: load the instance that is meant.",
                            loaded_from->str(), stream.str()));
}

}  // namespace stele::inline v0::detail
