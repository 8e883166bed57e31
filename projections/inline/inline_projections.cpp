#include "projections/inline/inline_worker.hpp"
#include "projections/runner/projection_lag.hpp"

#include <stele/projections/inline/inline_projections.hpp>

#include <memory>

namespace stele::inline v0 {
namespace {

// Calls `work` with the store's inline projections in a transaction.
template <class Work>
void with_worker(sqlite_store& store, const Work& work) {
    using detail::inline_worker;
    detail::participation::transact(store,
                                    [&](detail::connection& db, detail::participation::participant_ptr& participant) {
                                        if (!participant) participant = std::make_shared<inline_worker>(store, db);
                                        work(dynamic_cast<inline_worker&>(*participant));
                                    });
}

}  // namespace

void inline_projections::add(const detail::projection_definition& definition, bool rebuild) {
    with_worker(store_, [&](detail::inline_worker& worker) { worker.add(definition, rebuild, options_); });
}

void inline_projections::remove(std::string_view name) {
    with_worker(store_, [&](detail::inline_worker& worker) { worker.remove(name); });
}

std::vector<projection_status> inline_projections::status() const {
    std::vector<projection_status> all;
    const auto db = detail::participation::open_to_read(store_);
    for (const auto& record : detail::list_inline_records(*db)) {
        projection_status status;
        status.name = record.identity.name;
        status.checkpoint = record.progress.checkpoint;
        status.seen = record.progress.seen;
        status.applied = record.progress.applied;
        status.ignored = record.progress.ignored;
        detail::measure_lag(status, store_);
        all.push_back(std::move(status));
    }
    detail::participation::look(store_, [&](const detail::append_participant* participant) {
        const auto* const worker = dynamic_cast<const detail::inline_worker*>(participant);
        for (auto& status : all)
            if (worker != nullptr && worker->has(status.name))
                status.state = status.lag_events == 0 ? projection_state::live : projection_state::catching_up;
    });
    return all;
}

}  // namespace stele::inline v0
