#pragma once

#include <stele/eventstore/event.hpp>

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// How C++ types map to SQL values in read_model.hpp. Nothing converts silently: a value that does not fit, or a column
/// that holds another type than the one requested, throws stele::error (invalid_argument).
///
/// | C++ type                                           | SQL       | remarks                                       |
/// |----------------------------------------------------|-----------|-----------------------------------------------|
/// | bool, every integer type, every enum               | INTEGER   | checked against both ranges; no char types    |
/// | stele::position, stele::version                    | INTEGER   | the number                                    |
/// | stele::timestamp                                   | INTEGER   | microseconds since 1970 in UTC                |
/// | float, double                                      | REAL      | NaN is refused; INTEGER columns can be read   |
/// | std::string, std::string_view, const char*         | TEXT      |                                               |
/// | std::vector<std::byte>, std::span<const std::byte> | BLOB      |                                               |
/// | stele::uuid                                        | BLOB      | its 16 bytes                                  |
/// | std::optional<T>                                   | T or NULL | the only way to read a column that is NULL    |
/// | nullptr, std::nullopt                              | NULL      | to bind only                                  |
///
/// A std::string_view or std::span that was read is valid until its range moves to the next row.
namespace stele::inline v0::detail {

class sql_session;
struct cached_statement;

/// How long bound texts and blobs stay valid.
enum class argument_life : std::uint8_t {
    call,  ///< Until the statement has run: they are not copied.
    bind,  ///< Only while they are bound: they are copied.
};

/// One use of a prepared statement of a session: bind every parameter, step through the rows. The templates below sort
/// out the types; everything else is here, compiled once.
class sql_call {
public:
    /// Takes the statement from the session's cache, or prepares it. Throws stele::error (invalid_argument) if it has
    /// another number of parameters or columns, if it is more than one statement, or is not allowed here.
    sql_call(sql_session& session, std::string_view sql, std::size_t parameters, std::size_t columns,
             argument_life life);
    sql_call(sql_call&& other) noexcept;
    sql_call& operator=(sql_call&&) = delete;
    ~sql_call();

    void bind_integer(int parameter, std::int64_t value);
    void bind_unsigned(int parameter, std::uint64_t value);
    void bind_real(int parameter, double value);
    void bind_text(int parameter, std::string_view value);
    void bind_text(int parameter, const char* value);
    void bind_blob(int parameter, std::span<const std::byte> value);
    void bind_null(int parameter);

    /// Goes to the next row; false at the end.
    bool next();
    /// Runs a statement without rows and returns how many rows it changed.
    std::int64_t run();
    /// Throws if there is a row after the current one.
    void expect_no_more();

    [[nodiscard]] bool is_null(int column) const;
    /// The integer, which must lie in [least, most].
    [[nodiscard]] std::int64_t integer(int column, std::int64_t least, std::int64_t most) const;
    [[nodiscard]] double real(int column) const;
    [[nodiscard]] std::string_view text(int column) const;
    [[nodiscard]] std::span<const std::byte> blob(int column) const;
    [[nodiscard]] stele::uuid uuid(int column) const;

private:
    [[noreturn]] void refuse_parameter(int parameter, std::string_view why) const;
    [[noreturn]] void refuse_column(int column, std::string_view wanted) const;

    sql_session* session_;
    cached_statement* statement_;
    std::unique_ptr<cached_statement> own_;  // when the cached one is being stepped through further out
    argument_life life_;
};

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

template <class T>
concept sql_character = std::same_as<T, char> || std::same_as<T, wchar_t> || std::same_as<T, char8_t> ||
                        std::same_as<T, char16_t> || std::same_as<T, char32_t>;

template <class T>
concept sql_integer = std::integral<T> && !sql_character<T>;

template <class T>
concept sql_real = std::same_as<T, double> || std::same_as<T, float>;

template <class T>
inline constexpr bool always_false = false;

/// Binds one value as the table above says.
template <class T>
void bind_value(sql_call& call, int parameter, const T& value) {
    if constexpr (std::same_as<T, std::nullptr_t> || std::same_as<T, std::nullopt_t>) {
        call.bind_null(parameter);
    } else if constexpr (is_optional<T>) {
        value ? bind_value(call, parameter, *value) : call.bind_null(parameter);
    } else if constexpr (std::is_enum_v<T>) {
        bind_value(call, parameter, static_cast<std::underlying_type_t<T>>(value));
    } else if constexpr (sql_integer<T> && std::unsigned_integral<T>) {
        call.bind_unsigned(parameter, value);
    } else if constexpr (sql_integer<T>) {
        call.bind_integer(parameter, value);
    } else if constexpr (sql_real<T>) {
        call.bind_real(parameter, static_cast<double>(value));
    } else if constexpr (std::same_as<T, position> || std::same_as<T, version>) {
        call.bind_unsigned(parameter, value.value);
    } else if constexpr (std::same_as<T, timestamp>) {
        call.bind_integer(parameter, value.time_since_epoch().count());
    } else if constexpr (std::same_as<T, stele::uuid>) {
        call.bind_blob(parameter, std::as_bytes(std::span{value.bytes}));
    } else if constexpr (std::convertible_to<const T&, const char*>) {
        call.bind_text(parameter, static_cast<const char*>(value));
    } else if constexpr (std::convertible_to<const T&, std::string_view>) {
        call.bind_text(parameter, static_cast<std::string_view>(value));
    } else if constexpr (std::convertible_to<const T&, std::span<const std::byte>>) {
        call.bind_blob(parameter, value);
    } else {
        static_assert(always_false<T>,
                      "this type cannot be bound to an SQL parameter: pass one of the types in the "
                      "table of stele/projections/sql/sql_value.hpp");
    }
}

/// Reads one column of the current row as the table above says.
template <class T>
T read_value(const sql_call& call, int column) {
    if constexpr (is_optional<T>) {
        return call.is_null(column) ? T{} : T{read_value<typename T::value_type>(call, column)};
    } else if constexpr (std::same_as<T, bool>) {
        return call.integer(column, 0, 1) != 0;
    } else if constexpr (std::is_enum_v<T>) {
        return static_cast<T>(read_value<std::underlying_type_t<T>>(call, column));
    } else if constexpr (sql_integer<T>) {
        constexpr std::int64_t most = std::in_range<std::int64_t>((std::numeric_limits<T>::max)())
                                          ? static_cast<std::int64_t>((std::numeric_limits<T>::max)())
                                          : (std::numeric_limits<std::int64_t>::max)();
        return static_cast<T>(call.integer(column, static_cast<std::int64_t>((std::numeric_limits<T>::min)()), most));
    } else if constexpr (sql_real<T>) {
        return static_cast<T>(call.real(column));
    } else if constexpr (std::same_as<T, position> || std::same_as<T, version>) {
        return T{read_value<std::uint64_t>(call, column)};
    } else if constexpr (std::same_as<T, timestamp>) {
        return T{std::chrono::microseconds{read_value<std::int64_t>(call, column)}};
    } else if constexpr (std::same_as<T, stele::uuid>) {
        return call.uuid(column);
    } else if constexpr (std::same_as<T, std::string> || std::same_as<T, std::string_view>) {
        return T{call.text(column)};
    } else if constexpr (std::same_as<T, std::span<const std::byte>>) {
        return call.blob(column);
    } else if constexpr (std::same_as<T, std::vector<std::byte>>) {
        const auto bytes = call.blob(column);
        return T{bytes.begin(), bytes.end()};
    } else {
        static_assert(always_false<T>,
                      "an SQL column cannot be read as this type: use one of the types in the "
                      "table of stele/projections/sql/sql_value.hpp");
    }
}

/// Whether a value of the type refers to memory of the statement, so that it must not outlive the row.
template <class T>
inline constexpr bool is_view = std::same_as<T, std::string_view> || std::same_as<T, std::span<const std::byte>>;
template <class T>
inline constexpr bool is_view<std::optional<T>> = is_view<T>;

}  // namespace stele::inline v0::detail
