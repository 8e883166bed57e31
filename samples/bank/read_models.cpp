#include "bank/read_models.hpp"

namespace bank {

void catch_up_read_models(stele::event_store& events, const std::filesystem::path& directory) {
    stele::projection_runner runner{events, directory, {.rebuild_changed = true}};
    add_projections(runner);
    runner.catch_up();
}

}  // namespace bank
