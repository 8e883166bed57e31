#pragma once

#include <stele/projections/projection.hpp>
#include <stele/projections/sql/read_model.hpp>
#include <stele/testing/detail/scenario_fault.hpp>
#include <stele/testing/given.hpp>
#include <stele/testing/recorded.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <source_location>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

/// Tests of a projection without a store or a file (docs/testing.md):
///
///     stele::given_projection<balances>(stele::recorded(opened(), {.stream = "account-42"}))
///         .when(stele::recorded(deposited(5), {.stream = "account-42"}))
///         .then_rows("SELECT account, balance FROM balances", std::tuple{"42", 5})
///         .then_same_when_rebuilt();
///
/// Events stand in streams and were recorded at times (recorded.hpp); they get positions from 1 on, versions from 1 on
/// in their stream, and pass through the codec as in a store. A removal may be given like an event:
/// `.when(stele::stream_deleted{"account-42"})`. `events` and `categories` select events as they do in a store: an
/// event without a place (recorded.hpp) stands in the stream "given-1", of the category "given". An expectation that is
/// not met throws scenario_failed, whose text shows the rows that were expected and those that came side by side, and
/// which events were passed over.
namespace stele::inline v0 {

namespace detail {

/// The type of column that a query reads where a test expects a T.
template <class T>
struct column_for {
    using type = std::string;
};
template <class T>
    requires std::is_integral_v<T>
struct column_for<T> {
    using type = std::int64_t;
};
template <class T>
    requires std::is_floating_point_v<T>
struct column_for<T> {
    using type = double;
};
template <class T>
struct column_for<std::optional<T>> {
    using type = std::optional<typename column_for<T>::type>;
};

std::string text_of(std::int64_t value);
std::string text_of(double value);
std::string text_of(const std::string& value);
template <class T>
std::string text_of(const std::optional<T>& value) {
    return value ? text_of(*value) : "NULL";
}

/// One line for a row.
template <class... Values>
std::string row_text(const std::tuple<Values...>& row) {
    return std::apply(
        [](const auto&... values) {
            std::string line;
            ((line += text_of(typename column_for<std::decay_t<decltype(values)>>::type(values)) + " | "), ...);
            line.resize(line.size() - 3);
            return line;
        },
        row);
}

template <class... Values>
std::vector<std::string> rows_text(read_model& db, std::string_view sql, const std::tuple<Values...>&) {
    std::vector<std::string> lines;
    for (const auto& row : db.query<typename column_for<std::decay_t<Values>>::type...>(sql))
        lines.push_back(row_text(row));
    return lines;
}

/// The tables that events lead to.
class projection_scenario {
public:
    explicit projection_scenario(projection_definition projection);

    void add(const google::protobuf::Message& event, recorded_as as);
    void add(const stream_deleted& removed, recorded_as as);
    void add(const stream_truncated& removed, recorded_as as);
    /// Adds one that the projection may reject; its changes are undone then.
    template <class Event>
    void try_add(const Event& event, const recorded_as& as) {
        try {
            add(event, as);
        } catch (const append_rejected& refused) {
            undo_last(refused.rejection());
        }
    }
    void undo_last(const rejection& reason);
    void expect_rejection(std::string_view code) const;
    void expect_no_rejection() const;
    void set_title(const google::protobuf::Message& event, std::source_location where);
    void set_title(const stream_deleted& removed, std::source_location where);
    void set_title(const stream_truncated& removed, std::source_location where);
    [[nodiscard]] const std::string& title() const& { return title_; }
    [[nodiscard]] read_model& db() { return *db_; }

    void expect_rows(std::string_view sql, const std::vector<std::string>& expected,
                     const std::vector<std::string>& actual) const;
    void expect_no_rows(std::string_view sql);
    void expect_same_when_rebuilt();

private:
    struct projected_event {
        event_data event;
        recorded_as as;
        stream_position where;
        bool is_removed = false;
        bool is_passed_over = false;
    };
    [[nodiscard]] std::string passed_over() const;
    void add(event_data event, recorded_as as);
    template <class Removal>
    void add_removal(const Removal& removed, recorded_as as, version before);
    bool project(const projected_event& input, read_model& db);
    /// Makes the tables, and projects all inputs, or those whose streams still have them.
    void build(read_model& db, bool with_removed);

    projection_definition projection_;
    event_decoder decoder_;
    std::unique_ptr<read_model> db_;
    std::vector<projected_event> inputs_;
    std::string title_;                   // the place and the last event
    std::optional<rejection> rejection_;  // of the last event
};

}  // namespace detail

/// The content of the tables. All throw scenario_failed, and return this; what the read model throws passes through.
template <class P>
class projection_result {
public:
    /// Expects exactly these rows in this order, each a std::tuple: of whole numbers, floating-point numbers, texts,
    /// and std::optional of these where NULL may stand. To expect none, see then_no_rows().
    template <class Row, class... Rows>
    projection_result& then_rows(std::string_view sql, const Row& first, const Rows&... more) {
        static_assert(std::tuple_size_v<Row> > 0 && ((std::tuple_size_v<Rows> == std::tuple_size_v<Row>) && ...),
                      "each row that is expected needs as many columns as the query has");
        scenario_.expect_no_rejection();
        const auto actual = detail::rows_text(scenario_.db(), sql, first);
        scenario_.expect_rows(sql, {detail::row_text(first), detail::row_text(more)...}, actual);
        return *this;
    }

    /// Expects that the query finds nothing.
    projection_result& then_no_rows(std::string_view sql) {
        scenario_.expect_no_rejection();
        scenario_.expect_no_rows(sql);
        return *this;
    }

    /// Expects that `project` rejected the event of when() with this code. For a projection with a rule
    /// (inline_projections.hpp).
    projection_result& then_rejected(std::string_view code) {
        static_assert(detail::has_rules<P>(),
                      "no project() of this projection can reject an event: one that can returns "
                      "`std::optional<stele::rejection>`");
        scenario_.expect_rejection(code);
        return *this;
    }

    /// Projects all events of the scenario again into empty tables, as a rebuild does, and expects the same rows in
    /// every table. Events that a removal of the scenario removes are not there then, as in a store. Finds a clock, a
    /// random number or a global variable in `project`. (That an event which is delivered twice counts once is the
    /// runner's promise: rows and checkpoint are one transaction.)
    projection_result& then_same_when_rebuilt() {
        scenario_.expect_no_rejection();
        scenario_.expect_same_when_rebuilt();
        return *this;
    }

private:
    template <class>
    friend class projection_inputs;
    explicit projection_result(detail::projection_scenario scenario) : scenario_(std::move(scenario)) {}

    detail::projection_scenario scenario_;
};

/// What was projected so far. Made by given_projection().
template <class P>
class projection_inputs {
    static_assert(!detail::is_in_memory<P>(),
                  "given_projection tests projections into tables, and this one is in memory (its `project` takes no "
                  "`stele::read_model&`): call its `project`, or stele::fold on a memory_store");

public:
    /// Projects one more event. Lets through what `project` throws. Throws stele::error if an event, also a given one,
    /// cannot be encoded. `where` is the source location in the text of scenario_failed, and of every stele::error.
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
        detail::at_place([&] { return scenario_.title(); },
                         [&] {
                             fault_.rethrow();
                             scenario_.try_add(input.event, input.as);
                         });
        return projection_result<P>{std::move(scenario_)};
    }

private:
    template <class Q, class... Inputs>
    friend projection_inputs<Q> given_projection(const Inputs&... inputs);

    projection_inputs() : scenario_(define()) {}
    static detail::projection_definition define() {
        if constexpr (detail::is_in_memory<P>())
            return {};  // refused above
        else
            return detail::define_projection<P>();
    }

    template <class Event>
    void add(const Event& event) {
        scenario_.add(event, {});
    }
    template <class Event>
    void add(const recorded_message<Event>& input) {
        scenario_.add(input.event, input.as);
    }

    detail::projection_scenario scenario_;
    detail::given_fault fault_;
};

/// Begins a test of a projection with events that are projected already; with none, with the tables that create() made.
template <class P, class... Inputs>
[[nodiscard]] projection_inputs<P> given_projection(const Inputs&... inputs) {
    projection_inputs<P> result;
    (result.fault_.keep_of([&] { result.add(inputs); }), ...);
    return result;
}

}  // namespace stele::inline v0
