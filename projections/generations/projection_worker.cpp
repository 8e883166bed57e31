#include "projections/generations/projection_worker.hpp"

#include "projections/sql/stable_name.hpp"

#include <stele/eventstore/error.hpp>

#include <fmt/format.h>

namespace stele::inline v0::detail {

projection_worker::projection_worker(event_store& store, const runner_directory& directory,
                                     const projection_definition& definition, const projection_runner_options& options)
    : definition_(definition),
      stable_name_(directory.path() / fmt::format("{}.db", definition.name)),
      connection_(options.connection),
      set_(store, directory, definition, options),
      serving_(store, set_, definition, options, board_),
      manager_(store, set_, serving_, definition, options, board_) {}

void projection_worker::catch_up(position target) {
    {
        const auto lease = serving_.lease();
        if (!manager_.must_rebuild()) return serving_.catch_up(target);
    }
    manager_.rebuild({});
}

step_outcome projection_worker::step(position target) {
    auto lease = serving_.try_lease();
    if (!lease) return step_outcome::busy;
    if (!manager_.must_rebuild()) return serving_.step(target) ? step_outcome::at_target : step_outcome::more;
    lease.unlock();
    return manager_.step_rebuild();
}

dead_letter_replay projection_worker::replay_dead_letters() {
    const auto lease = serving_.lease();
    return serving_.replay_dead_letters();
}

bool projection_worker::discard_dead_letter(position where) {
    const auto lease = serving_.lease();
    return serving_.discard_dead_letter(where);
}

std::vector<dead_letter> projection_worker::dead_letters(position after, std::size_t limit) const {
    return with_served_file(stable_name_, [&](const auto& file, const auto& /*target*/) {
        std::vector<dead_letter> letters;
        with_read_model(file, connection_, [&](connection& db) { letters = list_dead_letters(db, after, limit); });
        return letters;
    });
}

}  // namespace stele::inline v0::detail
