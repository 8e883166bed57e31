#pragma once

#include <stele/eventstore/sqlite/connection_options.hpp>
#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/sqlite/detail/read_view.hpp>
#include <stele/projections/generations/read_model_diff.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace stele::inline v0::detail {

/// The name of a table or column, quoted for SQL.
std::string sql_name(std::string_view name);

/// Two read models as they are when this is made. Their writers are not blocked.
class model_comparison {
public:
    /// Throws as diff_read_models().
    model_comparison(const std::filesystem::path& old_file, const std::filesystem::path& new_file,
                     const connection_options& options);

    /// Compares them as diff_read_models() does. Call it once.
    diff_summary run(const difference_visitor& each);

private:
    /// A table that both have.
    struct table {
        std::string name;
        std::vector<std::string> key;     // columns; none if its rows are compared as a whole
        std::vector<std::string> common;  // other columns that both have
    };

    std::vector<std::string> names(const std::string& sql);
    std::vector<std::string> columns(const std::string& schema, const std::string& table_name, const char* which);
    void compare_tables();
    void compare_columns(const std::string& name);
    [[nodiscard]] bool key_is_usable(const std::string& name, const std::vector<std::string>& key);
    void compare_by_key(const table& both);
    void list_new_rows(const table& both);
    void compare_whole_rows(const table& both);
    void report(const model_difference& found);
    void expect_unchanged() const;

    std::unique_ptr<connection> db_;  // the old one is `main` in it, the new one `other`
    read_view old_view_, new_view_;
    diff_summary summary_;
    const difference_visitor* each_ = nullptr;
    bool over_ = false;
};

}  // namespace stele::inline v0::detail
