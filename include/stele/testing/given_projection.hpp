#pragma once

#include <stele/testing/detail/projection_scenario.hpp>
#include <stele/testing/given.hpp>

#include <source_location>
#include <string_view>
#include <tuple>
#include <utility>

/// Tests of a projection without a store or a file:
///
///     stele::given_projection<balances>(stele::recorded(opened(), {.stream = "account-42"}))
///         .when(stele::recorded(deposited(5), {.stream = "account-42"}))
///         .then_rows("SELECT account, balance FROM balances", std::tuple{"42", 5})
///         .then_same_when_rebuilt();
///
/// Events stand in streams and were recorded at times (recorded.hpp); they get positions from 1 on, and pass through
/// the codec as in a store. An expectation that is not met throws scenario_failed, whose text shows the rows that were
/// expected and those that came side by side.
namespace stele::inline v0 {

/// What is in the tables. All throw scenario_failed, and return this; what the read model throws passes through.
template <class P>
class projection_result {
public:
    /// Expects exactly these rows in this order, each a std::tuple: of whole numbers, floating-point numbers, texts,
    /// and std::optional of these where NULL may stand. To expect none, see then_no_rows().
    template <class Row, class... Rows>
    projection_result& then_rows(std::string_view sql, const Row& first, const Rows&... more) {
        const auto actual = detail::rows_text(scenario_.db(), sql, first);
        scenario_.expect_rows(sql, {detail::row_text(first), detail::row_text(more)...}, actual);
        return *this;
    }

    /// Expects that the query finds nothing.
    projection_result& then_no_rows(std::string_view sql) {
        scenario_.expect_no_rows(sql);
        return *this;
    }

    /// Projects all events of the scenario again into empty tables, as a rebuild does, and expects the same rows in
    /// every table. Finds a clock, a random number or a global variable in `project`. (That an event which is delivered
    /// twice counts once is the runner's promise: rows and checkpoint are one transaction.)
    projection_result& then_same_when_rebuilt() {
        scenario_.expect_same_when_rebuilt();
        return *this;
    }

private:
    template <class>
    friend class projection_history;
    explicit projection_result(detail::projection_scenario scenario) : scenario_(std::move(scenario)) {}

    detail::projection_scenario scenario_;
};

/// What was projected so far. Made by given_projection().
template <class P>
class projection_history {
public:
    /// Projects one more event. Lets through what `project` throws.
    template <class Event>
    [[nodiscard]] projection_result<P> when(const Event& event,
                                            std::source_location where = std::source_location::current()) && {
        return std::move(*this).when(recorded_message<Event>{event, {}}, where);
    }
    /// The same with an event as it is recorded.
    template <class Event>
    [[nodiscard]] projection_result<P> when(const recorded_message<Event>& input,
                                            std::source_location where = std::source_location::current()) && {
        scenario_.set_title(input.event, where);
        add(input);
        return projection_result<P>{std::move(scenario_)};
    }

private:
    template <class Q, class... Inputs>
    friend projection_history<Q> given_projection(const Inputs&... inputs);

    projection_history() : scenario_(detail::define_projection<P>()) {}

    template <class Event>
    void add(const Event& event) {
        scenario_.add(event, {});
    }
    template <class Event>
    void add(const recorded_message<Event>& input) {
        scenario_.add(input.event, input.as);
    }

    detail::projection_scenario scenario_;
};

/// Begins a test of a projection with events that are projected already; with none, with the tables that create() made.
template <class P, class... Inputs>
[[nodiscard]] projection_history<P> given_projection(const Inputs&... inputs) {
    projection_history<P> result;
    (result.add(inputs), ...);
    return result;
}

}  // namespace stele::inline v0
