#include "projections/runner/runner_state.hpp"

#include <stele/eventstore/detail/failures.hpp>
#include <stele/eventstore/detail/handler_scope.hpp>
#include <stele/eventstore/detail/saturating_time.hpp>

#include <memory>
#include <utility>
#include <vector>

namespace stele::inline v0 {

projection_runner::projection_runner(event_store& store, const std::filesystem::path& directory,
                                     projection_runner_options options)
    : state_("this projection_runner", std::make_shared<state>(store, directory, std::move(options))) {}
projection_runner::projection_runner(projection_runner&&) noexcept = default;
projection_runner& projection_runner::operator=(projection_runner&& other) noexcept {
    if (this != &other) {
        const projection_runner ended{std::move(*this)};
        state_ = std::move(other.state_);
    }
    return *this;
}
projection_runner::~projection_runner() {
    if (const auto mine = state_.take()) detail::runner_core::release(mine);
}

void projection_runner::add_definition(const detail::projection_definition& definition,
                                       const detail::effect_definition* effects) {
    const auto mine = state_.held();
    mine->add(mine->workers, definition, effects);
}

void projection_runner::add_definition(const detail::memory_projection_definition& definition,
                                       const detail::effect_definition* effects) {
    const auto mine = state_.held();
    mine->add(mine->memory_workers, definition, effects);
}

std::shared_ptr<const void> projection_runner::hold() const {
    const auto mine = state_.held();
    return {mine, mine->owner()};
}

detail::locked_state projection_runner::read(std::string_view name, const std::type_info& type) const {
    return state_->in_memory(name).read(type);
}

void projection_runner::take_snapshot(std::string_view name) {
    const auto mine = state_.held();
    mine->expect_outside("take_snapshot()");
    const detail::handler_scope here{mine->owner()};
    mine->in_memory(name).take_snapshot();
}

position projection_runner::catch_up() {
    return state_.held()->catch_up("projections");
}

rebuild_result projection_runner::rebuild(std::string_view name, const rebuild_options& options) {
    const auto mine = state_.held();
    mine->expect_outside("rebuild()");
    const detail::handler_scope here{mine->of_generations()};
    auto& worker = mine->at(name);
    const auto result = worker.generations().rebuild(options);
    if (result == rebuild_result::serving) mine->resume(worker);
    return result;
}

diff_summary projection_runner::diff(std::string_view name, const difference_visitor& each) {
    const auto mine = state_.held();
    mine->expect_outside("diff()");
    const detail::handler_scope here{mine->of_generations()};
    return mine->at(name).generations().diff(each);
}

void projection_runner::swap_in(std::string_view name) {
    const auto mine = state_.held();
    mine->expect_outside("swap_in()");
    const detail::handler_scope here{mine->of_generations()};
    auto& worker = mine->at(name);
    worker.generations().swap_in();
    mine->resume(worker);
}

void projection_runner::rollback(std::string_view name) {
    const auto mine = state_.held();
    mine->expect_outside("rollback()");
    const detail::handler_scope here{mine->of_generations()};
    auto& worker = mine->at(name);
    worker.generations().rollback();
    mine->resume(worker);
}

void projection_runner::discard(std::string_view name) {
    const auto mine = state_.held();
    mine->expect_outside("discard()");
    const detail::handler_scope here{mine->owner()};
    mine->at(name).generations().discard();
}

void projection_runner::start() {
    state_.held()->start();
}

void projection_runner::stop() noexcept {
    if (!state_ || state_.unchecked()->process.is_inherited()) return;
    state_.held()->stop();
}

std::expected<position, wait_failure> projection_runner::wait_for(
    std::string_view name, position reached, detail::saturated<std::chrono::milliseconds> timeout) const {
    const auto mine = state_.held();
    detail::expect_outside_handlers(mine->owner(), "wait_for()", "this runner");
    auto& worker = mine->any(name);
    if (!worker.board().wait(reached, detail::end_of_wait(timeout)))
        return std::unexpected(wait_failure{reached, mine->status_of(worker), {}});
    const auto status = worker.board().read();
    if (status.dead_lettered == 0 || reached.value == 0) return status.checkpoint;
    auto found = mine->at(name).dead_letters({reached.value - 1}, 1);
    if (found.empty() || found.front().position != reached) return status.checkpoint;
    return std::unexpected(wait_failure{reached, mine->status_of(worker), std::move(found.front())});
}

std::vector<dead_letter> projection_runner::dead_letters(std::string_view name, position after,
                                                         std::size_t limit) const {
    const auto mine = state_.held();
    return mine->at(name).dead_letters(after, limit);
}

dead_letter_replay projection_runner::replay_dead_letters(std::string_view name) {
    const auto mine = state_.held();
    mine->expect_outside("replay_dead_letters()");
    const detail::handler_scope here{mine->owner()};
    return mine->at(name).replay_dead_letters();
}

bool projection_runner::discard_dead_letter(std::string_view name, position where) {
    const auto mine = state_.held();
    mine->expect_outside("discard_dead_letter()");
    const detail::handler_scope here{mine->owner()};
    return mine->at(name).discard_dead_letter(where);
}

std::vector<projection_status> projection_runner::status() const {
    const auto mine = state_.held();
    std::vector<projection_status> all;
    for (auto* const worker : mine->list()) all.push_back(mine->status_of(*worker));
    return all;
}

}  // namespace stele::inline v0
