#pragma once

#include "projections/sql/sql_rules.hpp"
#include "projections/sql/statement_cache.hpp"

#include <stele/eventstore/sqlite/connection_options.hpp>
#include <stele/eventstore/sqlite/detail/connection.hpp>
#include <stele/eventstore/sqlite/detail/read_view.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace stele::inline v0::detail {

/// The inside of a read_model: a connection with its statements, and the rules for the SQL of its user.
class sql_session {
public:
    /// The session of a projection that writes; its user's statements must run in a transaction that the caller began.
    static std::unique_ptr<sql_session> writer(std::unique_ptr<connection> db);
    /// The session of an inline projection, on the connection that writes the events; its user may write the tables
    /// named here and no others. The connection must outlive it.
    static std::unique_ptr<sql_session> among_events(connection& db, table_names own_tables);
    /// A session that reads the file that `name` (a file or a link to one) leads to.
    static std::unique_ptr<sql_session> reader(const std::filesystem::path& name, const connection_options& options);
    /// An empty database in memory; each statement is a transaction of its own.
    static std::unique_ptr<sql_session> in_memory();

    ~sql_session();
    sql_session(const sql_session&) = delete;
    sql_session& operator=(const sql_session&) = delete;

    /// Returns the statement for `sql`; if the cached one is in use already, a new one that `own` keeps.
    cached_statement& acquire(std::string_view sql, std::unique_ptr<cached_statement>& own);
    void release(cached_statement& statement) noexcept;

    /// Throws invalid_argument if SQLite would prepare the statement again at its next step, unchecked, because the
    /// schema has changed since it was acquired.
    void expect_checked(const cached_statement& statement) const;

    /// Throws invalid_argument if the transaction in which this session's statements must run has ended.
    void expect_transaction() const;

    /// Call it after each row that was read. Throws busy if the row does not count, because the file has changed in a
    /// way that its reader cannot follow; io if it was moved or replaced.
    void expect_unchanged() const;
    /// Throws io if a file was moved or replaced.
    void expect_in_place() const;

    void execute_script(std::string_view sql);
    void attach(const std::filesystem::path& name, std::string_view schema);

    /// How many rows statements have changed so far, and how many the last one did.
    [[nodiscard]] std::int64_t total_changes() const noexcept;

    /// Whether the open file is an event store, with the tables of inline projections.
    [[nodiscard]] bool is_among_events() const noexcept { return among_events_; }

    /// Whether it is an empty database in memory, with no runner.
    [[nodiscard]] bool is_in_memory() const noexcept { return !in_runner_ && rights_ == sql_rights::project; }

    [[nodiscard]] connection& db() noexcept { return *db_; }
    [[nodiscard]] const connection& db() const noexcept { return *db_; }

private:
    // A stable name and the generation it led to when it was opened.
    struct followed_file {
        std::filesystem::path name;
        std::filesystem::path target;  // as stored in the link; empty if the name is no link
        std::string schema;            // the name it is attached by; empty for the main file
        bool open = false;
        read_view view;
    };

    sql_session(std::shared_ptr<connection> db, sql_rights rights, bool in_runner);

    static int authorize(void* unused, int action, const char* first, const char* second, const char* schema,
                         const char* trigger);
    template <class Prepare>
    auto checked(std::string_view sql, const Prepare& prepare);
    std::unique_ptr<cached_statement> prepare(std::string_view sql);
    void follow_links();
    static bool is_current(const followed_file& file);
    void reopen();
    void attach(followed_file& file);

    std::shared_ptr<connection> db_;
    statement_cache cache_;
    sql_rights rights_;
    bool in_runner_;
    bool among_events_ = false;
    table_names own_tables_;         // of an inline projection
    const char* refusal_ = nullptr;  // why the last preparation was refused
    // What was checked before a change of the schema was checked without a trigger, for example.
    std::uint64_t schema_changes_ = 0;
    std::uint64_t cached_after_ = 0;  // of these
    std::size_t in_use_ = 0;
    connection_options options_;        // of a reader
    std::vector<followed_file> files_;  // of a reader: the main file first, then those attached
};

}  // namespace stele::inline v0::detail
