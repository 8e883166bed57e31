#include "projections/sql/sql_session.hpp"

#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/projections/sql/sql_value.hpp>

#include <fmt/format.h>
#include <sqlite3.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

namespace stele::inline v0::detail {
namespace {

std::string_view name_of_type(int sqlite_type) {
    switch (sqlite_type) {
        case SQLITE_INTEGER: return "an integer";
        case SQLITE_FLOAT: return "a real number";
        case SQLITE_TEXT: return "text";
        case SQLITE_BLOB: return "a blob";
        default: return "NULL";
    }
}

[[noreturn]] void refuse(const connection& db, std::string_view sql, std::string_view why) {
    throw error{error_kind::invalid_argument, fmt::format("{}: '{}': {}", db.file(), sql, why)};
}

}  // namespace

sql_call::sql_call(sql_session& session, std::string_view sql, std::size_t parameters, std::size_t columns,
                   argument_life life)
    : session_(&session), statement_(nullptr), life_(life) {
    session.expect_transaction();
    auto& found = session.acquire(sql, own_);
    statement_ = &found;
    if (found.parameters == parameters && found.columns == columns) [[likely]]
        return;
    session.release(found);
    if (found.parameters == 0 && parameters > 0)
        refuse(session.db(), sql,
               fmt::format("it has no parameters, and the call passes {} value{}", parameters,
                           parameters == 1 ? "" : "s"));
    if (found.parameters != parameters)
        refuse(session.db(), sql,
               fmt::format("it has parameters up to ?{}, and the call passes {} value{}; pass one for each",
                           found.parameters, parameters, parameters == 1 ? "" : "s"));
    if (columns == 0) refuse(session.db(), sql, "it returns rows; use query() or query_one()");
    if (found.columns == 0) refuse(session.db(), sql, "it returns no rows; use execute()");
    refuse(session.db(), sql,
           fmt::format("a row of it has {} column{}, and the call asks for {} type{}; name one for each", found.columns,
                       found.columns == 1 ? "" : "s", columns, columns == 1 ? "" : "s"));
}

sql_call::sql_call(sql_call&& other) noexcept
    : session_(other.session_),
      statement_(std::exchange(other.statement_, nullptr)),
      own_(std::move(other.own_)),
      life_(other.life_) {}

sql_call::~sql_call() {
    if (statement_ != nullptr) session_->release(*statement_);
}

void sql_call::bind_integer(int parameter, std::int64_t value) {
    statement_->prepared.bind(parameter, value);
}

void sql_call::bind_unsigned(int parameter, std::uint64_t value) {
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        refuse_parameter(parameter, fmt::format("{} does not fit into an SQL integer (64 bits, signed)", value));
    statement_->prepared.bind(parameter, static_cast<std::int64_t>(value));
}

void sql_call::bind_real(int parameter, double value) {
    if (std::isnan(value)) refuse_parameter(parameter, "NaN would be stored as NULL");
    statement_->prepared.bind(parameter, value);
}

void sql_call::bind_text(int parameter, std::string_view value) {
    if (life_ == argument_life::call) return statement_->prepared.bind_text(parameter, value);
    const char* const data = value.empty() ? "" : value.data();
    if (sqlite3_bind_text64(statement_->prepared.handle(), parameter, data, value.size(), SQLITE_TRANSIENT,
                            SQLITE_UTF8) != SQLITE_OK)
        throw session_->db().last_error(fmt::format("in '{}'", statement_->sql));
}

void sql_call::bind_text(int parameter, const char* value) {
    if (value == nullptr) refuse_parameter(parameter, "is a null pointer; pass nullptr itself to bind NULL");
    bind_text(parameter, std::string_view{value});
}

void sql_call::bind_blob(int parameter, std::span<const std::byte> value) {
    const char* const data = value.empty() ? "" : reinterpret_cast<const char*>(value.data());
    if (life_ == argument_life::call) return statement_->prepared.bind_blob(parameter, {data, value.size()});
    if (sqlite3_bind_blob64(statement_->prepared.handle(), parameter, data, value.size(), SQLITE_TRANSIENT) !=
        SQLITE_OK)
        throw session_->db().last_error(fmt::format("in '{}'", statement_->sql));
}

void sql_call::bind_null(int parameter) {
    statement_->prepared.bind_null(parameter);
}

bool sql_call::next() {
    if (statement_ == nullptr)
        throw error(error_kind::closed, "these rows were moved from; use those they were moved to");
    session_->expect_checked(*statement_);
    bool any = false;
    try {
        any = statement_->prepared.step();
    } catch (const error&) {
        session_->expect_unchanged();  // or else the error is of something that was never there
        session_->expect_in_place();   // or else a file that was moved looks damaged
        throw;
    }
    session_->expect_unchanged();
    return any;
}

std::int64_t sql_call::run() {
    const auto before = session_->total_changes();
    while (statement_->prepared.step()) {
    }
    // A statement that changes no rows leaves the count of the one before it.
    return session_->total_changes() == before ? 0 : session_->db().changes();
}

void sql_call::expect_no_more() {
    if (next())
        refuse(session_->db(), statement_->sql, "has more than one row; add LIMIT 1 if any will do, or use query()");
}

bool sql_call::is_null(int column) const {
    return statement_->prepared.column_is_null(column);
}

std::int64_t sql_call::integer(int column, std::int64_t least, std::int64_t most) const {
    if (statement_->prepared.column_type(column) != SQLITE_INTEGER) refuse_column(column, "an integer");
    const auto value = statement_->prepared.column_int64(column);
    if (value < least || value > most)
        refuse_column(column, fmt::format("an integer from {} to {} (it is {})", least, most, value));
    return value;
}

double sql_call::real(int column) const {
    const int type = statement_->prepared.column_type(column);
    if (type != SQLITE_FLOAT && type != SQLITE_INTEGER) refuse_column(column, "a real number");
    return statement_->prepared.column_double(column);
}

std::string_view sql_call::text(int column) const {
    if (statement_->prepared.column_type(column) != SQLITE_TEXT) refuse_column(column, "text");
    return statement_->prepared.column_bytes(column);
}

std::span<const std::byte> sql_call::blob(int column) const {
    if (statement_->prepared.column_type(column) != SQLITE_BLOB) refuse_column(column, "a blob");
    return std::as_bytes(std::span{statement_->prepared.column_bytes(column)});
}

stele::uuid sql_call::uuid(int column) const {
    const auto bytes = blob(column);
    stele::uuid id;
    if (bytes.size() != id.bytes.size()) refuse_column(column, fmt::format("16 bytes (it has {})", bytes.size()));
    std::memcpy(id.bytes.data(), bytes.data(), bytes.size());
    return id;
}

void sql_call::refuse_parameter(int parameter, std::string_view why) const {
    refuse(session_->db(), statement_->sql, fmt::format("parameter {}: {}", parameter, why));
}

void sql_call::refuse_column(int column, std::string_view wanted) const {
    const auto& prepared = statement_->prepared;
    const int type = prepared.column_type(column);
    refuse(session_->db(), statement_->sql,
           fmt::format("column {} ({}) holds {}, expected {}{}", column + 1,
                       sqlite3_column_name(prepared.handle(), column), name_of_type(type), wanted,
                       type == SQLITE_NULL ? "; read it as std::optional if it may be NULL" : ""));
}

}  // namespace stele::inline v0::detail
