// How a projection goes over to a generation that is there, compares it with the one that serves, or drops it.

#include "projections/generations/generation_checks.hpp"
#include "projections/generations/model_comparison.hpp"
#include "projections/generations/projection_worker.hpp"
#include "projections/generations/shadow_file.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

namespace stele::inline v0::detail {

void projection_worker::serve(generation other, std::uint64_t number) {
    const auto take_over = [&] {
        current_ = std::move(other);
        store_is_known_ = true;
        board_.show(current_.progress());
    };
    try {
        files_.serve(number);
    } catch (const error&) {
        // The link may stand, and only its way to the disk have failed.
        if (files_.serving() == number) take_over();
        throw;
    }
    take_over();
    forget_shadow(current_.db());
}

diff_summary projection_worker::diff(const difference_visitor& each) {
    const std::lock_guard rebuilding(rebuilding_);
    const auto waiting = waiting_generation(files_);
    const auto number = waiting ? waiting : previous_generation(files_);
    if (!number)
        throw error{error_kind::invalid_argument,
                    fmt::format("projection {}: there is no second complete generation to compare with; build one with "
                                "rebuild({{.swap = false}})",
                                name())};
    auto other = generation::open(files_.file(*number));
    std::optional<model_comparison> pair;
    {
        const std::lock_guard turn(turn_);
        const auto target = std::max(current_.progress().checkpoint, other.progress().checkpoint);
        replayer missing{store_, definition_, options_};
        for (auto* const each_one : {&current_, &other}) {
            if (each_one->identity() != identity_) continue;
            expect_same_store(*each_one, store_);
            missing.run(*each_one, target);
        }
        board_.show(current_.progress());
        if (waiting)
            pair.emplace(current_.file(), other.file());
        else
            pair.emplace(other.file(), current_.file());
    }
    return pair->run(each);
}

void projection_worker::swap_in() {
    const std::lock_guard rebuilding(rebuilding_);
    own_rebuild_.reset();
    const auto number = waiting_generation(files_);
    if (!number)
        throw error{error_kind::invalid_argument,
                    fmt::format("projection {}: no complete generation waits; build one with rebuild()", name())};
    const auto before = files_.serving().value();
    auto waiting = generation::open(files_.file(*number));
    expect_same_projection(waiting, identity_);
    go_over_to(std::move(waiting), *number);
    remove_between(0, before);
    remove_between(before, *number);
}

void projection_worker::rollback() {
    const std::lock_guard rebuilding(rebuilding_);
    own_rebuild_.reset();
    const auto number = previous_generation(files_);
    if (!number)
        throw error{error_kind::invalid_argument,
                    fmt::format("projection {}: there is no complete generation from before", name())};
    go_over_to(generation::open(files_.file(*number)), *number);
}

void projection_worker::discard() {
    const std::lock_guard rebuilding(rebuilding_);
    own_rebuild_.reset();
    const auto serving = files_.serving().value();
    remove_between(0, serving);
    remove_between(serving, files_.next());
}

void projection_worker::go_over_to(generation other, std::uint64_t number) {
    expect_same_store(other, store_);
    replayer missing{store_, definition_, options_};
    const bool is_ours = other.identity() == identity_;
    if (is_ours) missing.run(other, store_.head());  // most of it, while the one that serves goes on
    const std::lock_guard turn(turn_);
    if (is_ours) missing.run(other, store_.head());
    serve(std::move(other), number);
}

void projection_worker::remove_between(std::uint64_t low, std::uint64_t high) const {
    for (const auto number : files_.all())
        if (number > low && number < high) files_.remove(number);
}

}  // namespace stele::inline v0::detail
