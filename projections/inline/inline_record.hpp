#pragma once

#include "projections/sql/read_model_file.hpp"
#include "projections/sql/sql_rules.hpp"

#include <stele/eventstore/sqlite/detail/connection.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace stele::inline v0::detail {

/// Returns the records of the inline projections in an event store's file, by name. None if none was ever added.
std::vector<generation_record> list_inline_records(connection& db);

/// These records on the connection that writes, in a transaction. One thread at a time.
class inline_records {
public:
    /// Makes its tables if they do not exist.
    explicit inline_records(connection& db);

    std::optional<generation_record> find(std::string_view name);
    /// Adds a projection that has seen no event. Throws invalid_argument if one of its tables exists already, naming it
    /// and its owner.
    void add(const projection_identity& identity, const table_names& tables);
    void save(std::string_view name, const progress& now);
    /// Drops the tables of the projection and removes its record.
    void remove(std::string_view name);

private:
    void expect_free(const std::string& table, std::string_view name);

    connection& db_;
    statement find_, save_;
};

}  // namespace stele::inline v0::detail
