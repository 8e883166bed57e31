#pragma once

#include <stele/projections/projection.hpp>
#include <stele/projections/sql/read_model.hpp>
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

/// The part of a scenario of a projection (given_projection.hpp) that does not depend on its type.
namespace stele::inline v0::detail {

/// The column that is asked for where a test expects a T.
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
            ((line +=
              (line.empty() ? "" : " | ") + text_of(typename column_for<std::decay_t<decltype(values)>>::type(values))),
             ...);
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
    void set_title(const google::protobuf::Message& event, std::source_location where);
    [[nodiscard]] read_model& db() { return *db_; }

    void expect_rows(std::string_view sql, const std::vector<std::string>& expected,
                     const std::vector<std::string>& actual) const;
    void expect_no_rows(std::string_view sql);
    void expect_same_when_rebuilt();

private:
    struct projected_event {
        event_data event;
        recorded_as as;
    };
    void project(const projected_event& input, std::uint64_t position, read_model& db);

    projection_definition projection_;
    event_decoder decoder_;
    std::unique_ptr<read_model> db_;
    std::vector<projected_event> inputs_;
    std::string title_;  // the place and the last event
};

}  // namespace stele::inline v0::detail
