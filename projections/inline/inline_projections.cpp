#include "projections/inline/inline_participant.hpp"
#include "projections/runner/projection_lag.hpp"

#include <stele/projections/inline/inline_projections.hpp>

#include <memory>

namespace stele::inline v0 {
namespace {

// Calls `work` with the store's inline projections, in a transaction.
template <class Work>
void transact(sqlite_store& store, const Work& work) {
    using detail::inline_participant;
    store.append_host().transact(
        [&](event_store& events, detail::connection& db, detail::append_host::participant_ptr& participant) {
            if (!participant) participant = std::make_shared<inline_participant>(events, db);
            work(dynamic_cast<inline_participant&>(*participant));
        });
}

}  // namespace

void inline_projections::add_definition(const detail::projection_definition& definition, bool rebuild) {
    transact(store_, [&](detail::inline_participant& inlined) { inlined.add(definition, rebuild, options_); });
}

void inline_projections::remove(std::string_view name) {
    transact(store_, [&](detail::inline_participant& inlined) { inlined.remove(name); });
}

std::vector<projection_status> inline_projections::status() const {
    std::vector<projection_status> all;
    std::vector<detail::generation_record> records;
    store_.append_host().read([&](detail::connection& db) { records = detail::list_inline_records(db); });
    for (const auto& record : records) {
        projection_status status;
        status.name = record.identity.name;
        status.checkpoint = record.progress.checkpoint;
        status.seen = record.progress.seen;
        status.applied = record.progress.applied;
        status.ignored = record.progress.ignored;
        detail::measure_lag(status, store_);
        all.push_back(std::move(status));
    }
    store_.append_host().look([&](const detail::append_participant* participant) {
        const auto* const inlined = dynamic_cast<const detail::inline_participant*>(participant);
        for (auto& status : all)
            if (inlined != nullptr && inlined->has(status.name))
                status.state = status.lag_events == 0 ? projection_state::live : projection_state::catching_up;
    });
    return all;
}

}  // namespace stele::inline v0
