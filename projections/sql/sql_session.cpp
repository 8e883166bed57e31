#include "projections/sql/sql_session.hpp"

#include "projections/sql/read_model_file.hpp"
#include "projections/sql/stable_name.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <utility>

namespace stele::inline v0::detail {
namespace {

// The session whose user's statement is being prepared on this thread; our own statements are not checked. Several
// sessions may share a connection, which has one authorizer.
thread_local sql_session* preparing = nullptr;

class preparing_scope {
public:
    explicit preparing_scope(sql_session& session) { preparing = &session; }
    preparing_scope(const preparing_scope&) = delete;
    preparing_scope& operator=(const preparing_scope&) = delete;
    ~preparing_scope() { preparing = nullptr; }
};

bool is_identifier(std::string_view name) {
    const auto letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; };
    if (name.empty() || !letter(name.front())) return false;
    for (const char c : name)
        if (!letter(c) && !(c >= '0' && c <= '9')) return false;
    return true;
}

}  // namespace

sql_session::sql_session(std::shared_ptr<connection> db, sql_rights rights, bool in_runner)
    : db_(std::move(db)), rights_(rights), in_runner_(in_runner) {
    sqlite3_set_authorizer(db_->handle(), &sql_session::authorize, nullptr);
}

sql_session::~sql_session() = default;

std::unique_ptr<sql_session> sql_session::writer(std::unique_ptr<connection> db) {
    return std::unique_ptr<sql_session>(new sql_session(std::move(db), sql_rights::project, true));
}

std::unique_ptr<sql_session> sql_session::among_events(connection& db, table_names own_tables) {
    const std::shared_ptr<connection> not_owned(std::shared_ptr<connection>{}, &db);
    auto made = std::unique_ptr<sql_session>(new sql_session(not_owned, sql_rights::project, true));
    made->among_events_ = true;
    made->own_tables_ = std::move(own_tables);
    return made;
}

std::unique_ptr<sql_session> sql_session::in_memory() {
    auto db = std::make_unique<connection>(":memory:", open_mode::create);
    return std::unique_ptr<sql_session>(new sql_session(std::move(db), sql_rights::project, false));
}

std::unique_ptr<sql_session> sql_session::reader(const std::filesystem::path& name, const connection_options& options) {
    auto scratch = std::make_unique<connection>(":memory:", open_mode::create);
    auto made = std::unique_ptr<sql_session>(new sql_session(std::move(scratch), sql_rights::read, false));
    made->options_ = options;
    made->files_.push_back({name, {}, {}, false, {}});
    made->reopen();
    return made;
}

cached_statement& sql_session::acquire(std::string_view sql, std::unique_ptr<cached_statement>& own) {
    db_->expect_own_process();
    if (!files_.empty() && in_use_ == 0) follow_links();
    if (cached_after_ != schema_changes_ && in_use_ == 0) {
        cache_.clear();
        cached_after_ = schema_changes_;
    }
    auto* found = cache_.find(sql);
    if (found == nullptr) {
        found = &cache_.add(prepare(sql), sql);
    } else if (found->in_use || found->schema != schema_changes_) {
        own = prepare(sql);
        found = own.get();
    }
    found->in_use = true;
    ++in_use_;
    return *found;
}

void sql_session::release(cached_statement& statement) noexcept {
    statement.prepared.reset();
    statement.in_use = false;
    --in_use_;
}

void sql_session::expect_checked(const cached_statement& statement) const {
    if (statement.schema == schema_changes_ || sqlite3_stmt_busy(statement.prepared.handle()) != 0) return;
    throw error{error_kind::invalid_argument,
                fmt::format("{}: '{}': the tables were changed after this query was made and before its first row was "
                            "read; make the query after the change",
                            db_->file(), statement.sql)};
}

void sql_session::expect_transaction() const {
    if (in_runner_ && !db_->in_transaction())
        throw error{error_kind::invalid_argument,
                    fmt::format("{}: the runner's transaction has ended, an earlier statement rolled it back (OR "
                                "ROLLBACK, or an error whose exception was swallowed); let exceptions of the read "
                                "model pass through the handler",
                                db_->file())};
}

// Lets `prepare` prepare a statement of the user; what is not allowed is reported in our words.
template <class Prepare>
auto sql_session::checked(std::string_view sql, const Prepare& prepare) {
    refusal_ = nullptr;
    // SQLite would not see what comes after it, nor would a reader of the message.
    if (const auto end = sql.find('\0'); end != std::string_view::npos)
        throw error{error_kind::invalid_argument,
                    fmt::format("{}: the SQL has a byte 0 at offset {}, after '{}'; pass values as parameters (?1)",
                                db_->file(), end, sql.substr(0, end))};
    try {
        const preparing_scope scope{*this};
        return prepare();
    } catch (const error&) {
        if (refusal_ == nullptr) throw;
        throw error{error_kind::invalid_argument, fmt::format("{}: '{}': {}", db_->file(), sql, refusal_)};
    }
}

std::unique_ptr<cached_statement> sql_session::prepare(std::string_view sql) {
    auto made = checked(sql, [&] { return std::make_unique<cached_statement>(*db_, sql); });
    if (rights_ == sql_rights::read && !made->read_only)
        throw error{error_kind::invalid_argument,
                    fmt::format("{}: '{}' would write, but this read model was opened for reading; only its "
                                "projection writes to it",
                                db_->file(), sql)};
    made->schema = schema_changes_;
    return made;
}

void sql_session::execute_script(std::string_view sql) {
    db_->expect_own_process();
    // Prepared one by one as they run: a statement may need the table that the one before it makes.
    while (!sql.empty()) {
        expect_transaction();
        auto next = checked(sql, [&] { return db_->prepare(sql); });
        if (next.handle() == nullptr) return;  // only blanks and comments are left
        sql.remove_prefix(std::string_view{sqlite3_sql(next.handle())}.size());
        next.run();
    }
}

std::int64_t sql_session::total_changes() const noexcept {
    return sqlite3_total_changes64(db_->handle());
}

int sql_session::authorize(void* /*unused*/, int action, const char* first, const char* second, const char* /*schema*/,
                           const char* /*trigger*/) {
    if (preparing == nullptr) return SQLITE_OK;
    const auto text = [](const char* name) { return std::string_view{name == nullptr ? "" : name}; };
    const char* reason = refusal_of(preparing->rights_, action, text(first), text(second));
    if (reason == nullptr && preparing->in_runner_ && preparing->among_events_)
        reason = refusal_of_foreign_table(preparing->own_tables_, action, text(first), text(second));
    if (reason == nullptr) {
        if (changes_schema(action)) ++preparing->schema_changes_;
        return SQLITE_OK;
    }
    preparing->refusal_ = reason;
    return SQLITE_DENY;
}

void sql_session::follow_links() {
    if (db_->in_transaction()) return;
    for (const auto& file : files_)
        if (!is_current(file)) return reopen();
}

// Throws io if the name leads where it did, and another file is there.
bool sql_session::is_current(const followed_file& file) {
    if (!file.open) return false;
    try {
        if (!file.target.empty() && link_target(file.name) != file.target) return false;
        return is_still(file.view, file_of(file.name, file.target).string());
    } catch (const error&) {
        if (!file.target.empty() && link_target(file.name) != file.target) return false;
        throw;
    }
}

void sql_session::expect_unchanged() const {
    for (const auto& file : files_)
        if (file.view.mode == open_mode::frozen) expect_still(file.view, file_of(file.name, file.target).string());
}

void sql_session::expect_in_place() const {
    for (const auto& file : files_) {
        auto view = file.view;
        view.mode = open_mode::read;  // only whether it is the same file
        static_cast<void>(is_still(view, file_of(file.name, file.target).string()));
    }
}

void sql_session::reopen() {
    for (auto& file : files_) file.open = false;
    auto& main = files_.front();
    with_served_file(main.name, [&](const auto& path, const auto& target) {
        auto [db, view] = open_to_query(path, options_);
        cache_.clear();
        db_ = std::move(db);
        among_events_ = is_event_store(*db_);
        sqlite3_set_authorizer(db_->handle(), &sql_session::authorize, nullptr);
        main.target = target;
        main.view = view;
        main.open = true;
    });
    for (std::size_t i = 1; i < files_.size(); ++i) attach(files_[i]);
}

void sql_session::attach(const std::filesystem::path& name, std::string_view schema) {
    db_->expect_own_process();
    if (!is_identifier(schema))
        throw error{error_kind::invalid_argument,
                    fmt::format("{}: cannot be attached as '{}'; use letters, digits and '_'", name.string(), schema)};
    if (rights_ != sql_rights::read || in_use_ != 0 || db_->in_transaction())
        throw error{error_kind::invalid_argument,
                    fmt::format("{}: attach() needs a read model that was opened for reading, outside of a transaction "
                                "and while no rows are being read",
                                db_->file())};
    followed_file file{name, {}, std::string{schema}, false, {}};
    attach(file);
    files_.push_back(std::move(file));
}

void sql_session::attach(followed_file& file) {
    with_served_file(file.name, [&](const auto& path, const auto& target) {
        // Its error says best what is wrong with the file, and it keeps the log until this one does.
        const auto opened = open_to_query(path, options_);
        detail::attach(*db_, opened, file.schema);
        file.target = target;
        file.view = opened.view;
        file.open = true;
    });
}

}  // namespace stele::inline v0::detail
