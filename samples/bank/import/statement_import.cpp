#include "bank/import/statement_import.hpp"

#include "bank/domain/money.hpp"
#include "bank/storage/ledger.hpp"

#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <system_error>

namespace bank {
namespace {

// While this object lives, no other process can import into the directory.
class import_lock {
public:
    explicit import_lock(const std::filesystem::path& directory)
        : directory_(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
        if (directory_ < 0 || flock(directory_, LOCK_EX | LOCK_NB) != 0) {
            if (directory_ >= 0) close(directory_);
            throw refusal(fmt::format("another import into {} is running", directory.string()));
        }
    }
    import_lock(const import_lock&) = delete;
    import_lock& operator=(const import_lock&) = delete;
    ~import_lock() { close(directory_); }

    // Makes what was renamed in the directory durable.
    void sync() const {
        if (fsync(directory_) != 0)
            throw std::system_error(errno, std::generic_category(), "the directory of the bank cannot be synced");
    }

private:
    int directory_;
};

}  // namespace

import_result import_statement(const std::filesystem::path& statement, const bank_directory& directory,
                               const import_options& options) {
    refuse_if_occupied(directory);
    const auto file = read_statement_file(statement);
    if (!file) throw refusal(file.error().message);

    std::filesystem::create_directories(directory.root);
    const import_lock lock(directory.root);
    refuse_if_occupied(directory);
    std::filesystem::remove_all(directory.unfinished());
    std::filesystem::create_directory(directory.unfinished());

    import_result result;
    {
        auto store = stele::sqlite_store::open(directory.unfinished() / bank_directory::events_file);
        record_schemas(store);
        const auto begin = std::chrono::steady_clock::now();
        result.refused = send_statement(store, *file, options);
        result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
        result.events = store.head();
        result.reconciled = reconcile(store, *file);
    }
    std::filesystem::rename(directory.unfinished(), directory.bank());
    lock.sync();
    // Builds the read models, so that the first question need not wait for them.
    const ledger built(directory);
    return result;
}

namespace {

std::string place(const std::filesystem::path& statement, const statement_row& row) {
    return fmt::format("{}:{}: account {}, transaction {}: ", statement.string(), row.line, row.account,
                       row.transaction);
}

std::string not_sent_text(std::size_t rows) {
    if (rows == 0) return "";
    return fmt::format("; {} of the account {} not sent", counted(rows, "later row"), rows == 1 ? "was" : "were");
}

// Whether the row is missing because an earlier row of its account was refused, which is reported already.
bool explained(const mismatch& wrong, const std::vector<refused_row>& refused) {
    return !wrong.replayed && std::ranges::any_of(refused, [&](const refused_row& first) {
        return first.row.account == wrong.row.account && first.row.line <= wrong.row.line;
    });
}

}  // namespace

std::string describe(const import_result& result, const std::filesystem::path& statement) {
    std::vector<std::string> lines{
        fmt::format("recorded {} in {:.1f} s, each synced to disk before it was acknowledged",
                    counted(result.events.value, "event"), result.seconds)};
    for (const auto& [row, reason, not_sent] : result.refused)
        lines.push_back(place(statement, row) + reason + not_sent_text(not_sent));
    for (const auto& wrong : result.reconciled.mismatched) {
        if (explained(wrong, result.refused)) continue;
        lines.push_back(place(statement, wrong.row) +
                        fmt::format("the file says {}, the replay {}", format_money(wrong.row.balance),
                                    wrong.replayed ? format_money(*wrong.replayed) : "has no such transaction"));
    }

    constexpr std::size_t shown = 51;
    if (lines.size() > shown) {
        lines[shown] = fmt::format("… and {} more", lines.size() - shown);
        lines.resize(shown + 1);
    }
    lines.push_back(result.reconciled.str());
    return fmt::format("{}\n", fmt::join(lines, "\n"));
}

}  // namespace bank
