#pragma once

#include <stele/eventstore/detail/pimpl.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/eventstore/sqlite/connection_options.hpp>
#include <stele/eventstore/version.hpp>
#include <stele/projections/sql/sql_value.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>
#include <tuple>
#include <utility>

namespace stele::inline v0 {

namespace detail {
class generation;
class inline_model;
}  // namespace detail

/// The result of a query: a single-pass range of tuples, one per row.
///
///     for (auto [account, balance] : db.query<std::string, std::int64_t>("SELECT account, balance FROM balances")) …
///
/// Rows are read from the file during the iteration. The read model must outlive the range. One thread at a time.
template <class... Columns>
class rows {
public:
    /// Made by read_model::query().
    explicit rows(detail::sql_call call) : call_(std::move(call)) {}

    class iterator {
    public:
        using value_type = std::tuple<Columns...>;
        using difference_type = std::ptrdiff_t;

        explicit iterator(rows& range) : range_(&range) {}
        /// Reads the columns of the current row. Throws as described in sql_value.hpp.
        value_type operator*() const { return range_->read(std::index_sequence_for<Columns...>{}); }
        iterator& operator++() {
            range_->more_ = range_->call_.next();
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const iterator& it, std::default_sentinel_t) { return it.at_end(); }

    private:
        [[nodiscard]] bool at_end() const { return !range_->more_; }

        rows* range_;
    };

    /// Goes to the first row. Call it once.
    iterator begin() & {
        more_ = call_.next();
        return iterator{*this};
    }
    iterator begin() && = delete;
    static std::default_sentinel_t end() { return {}; }

private:
    template <std::size_t... I>
    std::tuple<Columns...> read(std::index_sequence<I...>) const {
        return std::tuple<Columns...>{detail::read_value<Columns>(call_, static_cast<int>(I))...};
    }

    detail::sql_call call_;
    bool more_ = false;
};

/// The SQL tables of a projection: its handlers write them, everyone else reads them.
///
/// Every function takes one SQL statement and a value for each of its parameters (`?1`, `?2`, …); sql_value.hpp lists
/// the types. A statement is prepared the first time and cached: finding it again costs a comparison of its text, so
/// write SQL as literals and pass what varies as parameters.
///
///     db.execute("INSERT INTO balances VALUES (?1, ?2) ON CONFLICT DO UPDATE SET balance = balance + ?2", id, amount);
///
/// All functions throw stele::error with the SQL and the file in the message: invalid_argument (SQL that does not
/// parse, a violated constraint, the wrong number of parameters or columns, a value of the wrong type or out of range),
/// busy, full, io, corrupt (from the engine).
///
/// One thread at a time; open one for each thread that reads. Readers and the projection never wait for each other.
/// Each query sees one committed state; to run several on the same state, put them between execute("BEGIN") and
/// execute("COMMIT").
class read_model {
public:
    /// Opens the read model of a projection for reading.
    ///
    /// `file` is its stable name, "DIRECTORY/NAME.db", which leads to the generation that serves. When readers are
    /// switched to another generation (blue/green), the next query that begins while no rows are being read goes to it.
    /// (The name of one generation, "NAME.2.db", stays with that generation.) Or `file` is an event store, for the
    /// tables of its inline projections.
    /// Throws stele::error: io (there is no such file), foreign_file (it is neither a read model nor an event store
    /// with inline projections), newer_format, invalid_argument (the name belongs to a file that SQLite keeps beside a
    /// read model: `x.db-wal`).
    [[nodiscard]] static read_model open_read_only(const std::filesystem::path& file,
                                                   const connection_options& connection = {});

    /// Makes an empty one in memory, to try out and test the functions of a projection.
    [[nodiscard]] static read_model in_memory();

    read_model(read_model&&) noexcept;
    read_model& operator=(read_model&&) noexcept;
    ~read_model();

    /// Runs one statement that returns no rows. Returns how many rows it inserted, changed or deleted.
    ///
    /// In a handler it is part of the runner's transaction: BEGIN, COMMIT, PRAGMA, ATTACH and changes to tables whose
    /// name begins with "stele_" are refused (invalid_argument).
    template <class... Args>
    std::int64_t execute(std::string_view sql, const Args&... args) {
        auto call = make_call(sql, sizeof...(Args), 0, detail::argument_life::call);
        bind_all(call, args...);
        return call.run();
    }

    /// Runs one statement and returns its rows, each as a tuple of `Columns`. The arguments are copied.
    template <class... Columns, class... Args>
    [[nodiscard]] rows<Columns...> query(std::string_view sql, const Args&... args) & {
        static_assert(sizeof...(Columns) > 0, "name the types of the columns: query<std::string, std::int64_t>(…)");
        auto call = make_call(sql, sizeof...(Args), sizeof...(Columns), detail::argument_life::bind);
        bind_all(call, args...);
        return rows<Columns...>{std::move(call)};
    }

    /// The rows read from the read model, so it must have a name.
    template <class... Columns, class... Args>
    rows<Columns...> query(std::string_view sql, const Args&... args) && = delete;

    /// Returns the only row of a query, or nothing when it has none.
    ///
    /// Throws invalid_argument if there is more than one row: add "LIMIT 1" if any of them will do.
    template <class... Columns, class... Args>
    [[nodiscard]] std::optional<std::tuple<Columns...>> query_one(std::string_view sql, const Args&... args) {
        static_assert(sizeof...(Columns) > 0, "name the types of the columns: query_one<std::int64_t>(…)");
        static_assert(!(detail::is_view<Columns> || ...),
                      "query_one returns when the row is gone: ask for std::string or std::vector<std::byte>");
        auto call = make_call(sql, sizeof...(Args), sizeof...(Columns), detail::argument_life::call);
        bind_all(call, args...);
        return [&]<std::size_t... I>(std::index_sequence<I...>) {
            std::optional<std::tuple<Columns...>> row;
            if (!call.next()) return row;
            row.emplace(std::tuple<Columns...>{detail::read_value<Columns>(call, static_cast<int>(I))...});
            call.expect_no_more();
            return row;
        }(std::index_sequence_for<Columns...>{});
    }

    /// Runs several statements without parameters, separated by ';'. For the tables and indexes in create().
    void execute_script(std::string_view sql);

    /// Makes the tables of a second read model readable as `name.TABLE`, for joins over both. It follows that read
    /// model to new generations too. Only for read models that were opened for reading. Throws as open_read_only().
    void attach(const std::filesystem::path& file, std::string_view name);

    /// The position up to which (inclusive) the events are in the tables; none after it is. Read in a query of its own,
    /// so rows read before may be older and rows read after may be newer. For inline projections: that of the one which
    /// is furthest behind. Throws invalid_argument for one in memory, which has no runner.
    [[nodiscard]] position checkpoint();

    /// The file that is being read at the moment, a generation: for example "bank.read/balances.2.db".
    [[nodiscard]] std::filesystem::path file() const;

private:
    friend class detail::generation;
    friend class detail::inline_model;
    explicit read_model(std::unique_ptr<detail::sql_session> session);

    detail::sql_call make_call(std::string_view sql, std::size_t parameters, std::size_t columns,
                               detail::argument_life life) {
        return {*session_, sql, parameters, columns, life};
    }

    template <class... Args>
    static void bind_all(detail::sql_call& call, const Args&... args) {
        int parameter = 0;
        (detail::bind_value(call, ++parameter, args), ...);
    }

    detail::pimpl<std::unique_ptr<detail::sql_session>> session_;
};

}  // namespace stele::inline v0
