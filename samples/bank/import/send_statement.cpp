#include "bank/import/send_statement.hpp"

#include "bank/domain/bank_bus.hpp"
#include "bank/domain/calendar.hpp"
#include "bank/import/rounding.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <concepts>
#include <exception>
#include <map>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace bank {
namespace {

using account_rows = std::vector<const statement_row*>;

// Why the bank rejected a command, or nothing if it accepted it.
using reason = std::optional<std::string>;

// A row becomes up to three commands. The idempotency key of each is derived from the transaction and the purpose of
// the command, so it is the same when the statement is sent again, or when another file states the same row.
stele::uuid key_of(const statement_row& row, std::string_view purpose) {
    static const auto statements = *stele::uuid::parse("0b6c2f5e-8d0c-4e0a-9a53-5f2f6a3d7c41");
    return stele::make_idempotency_key(statements, fmt::format("{} {}", row.transaction, purpose));
}

template <class Command>
reason send(bank_bus& bus, Command command, const statement_row& row, std::string_view purpose) {
    command.set_account(row.account);
    const auto receipt =
        bus.send(command, {.metadata = {.correlation_id = row.transaction, .occurred_at = start_of(row.date)},
                           .idempotency_key = key_of(row, purpose)});
    return receipt ? reason() : receipt.error().message();
}

reason open_account(bank_bus& bus, const statement_row& row, money overdraft_limit) {
    OpenAccount command;
    command.set_date(row.date);
    command.set_overdraft_limit(overdraft_limit);
    return send(bus, command, row, "opening");
}

template <class Command>
reason book(bank_bus& bus, const statement_row& row, money amount, std::string_view kind) {
    Command command;
    auto& booking = *command.mutable_booking();
    booking.set_date(row.date);
    booking.set_transaction(row.transaction);
    booking.set_kind(std::string(kind));
    command.set_amount(amount);
    return send(bus, command, row, std::same_as<Command, PostRounding> ? "rounding" : "booking");
}

reason book_row(bank_bus& bus, const statement_row& row) {
    const auto kind = row.kind->name;
    switch (row.kind->booked_as) {
        case booking_type::deposit: return book<DepositMoney>(bus, row, row.amount, kind);
        case booking_type::withdrawal: return book<WithdrawMoney>(bus, row, -row.amount, kind);
        case booking_type::interest_paid: return book<PayInterest>(bus, row, row.amount, kind);
        case booking_type::interest_charged: return book<ChargeInterest>(bus, row, -row.amount, kind);
        case booking_type::fee: return book<ChargeFee>(bus, row, -row.amount, kind);
    }
    std::unreachable();
}

std::vector<money> roundings_of(const account_rows& rows) {
    std::vector<stated_transaction> stated;
    for (const auto* row : rows) stated.push_back({row->amount, row->balance});
    return roundings(stated);
}

// Counts the rows that are booked, for all threads.
class row_counter {
public:
    row_counter(const import_options& options, std::size_t rows) : report_(options.progress), rows_(rows) {}

    void add() {
        const std::scoped_lock lock(mutex_);
        ++booked_;
        if (report_) report_(booked_, rows_);
    }

private:
    const std::function<void(std::size_t, std::size_t)>& report_;
    std::size_t rows_;
    std::mutex mutex_;
    std::size_t booked_ = 0;
};

// Sends all rows of one account. Stops at the first row that is refused and returns it.
std::optional<refused_row> send_account(bank_bus& bus, const account_rows& rows, money overdraft_limit,
                                        row_counter& booked) {
    const auto rounded = roundings_of(rows);
    for (std::size_t i = 0; i < rows.size(); ++i) {
        const auto& row = *rows[i];
        auto refused = i == 0 ? open_account(bus, row, overdraft_limit) : reason();
        if (!refused) refused = book_row(bus, row);
        if (!refused && rounded[i] != 0) refused = book<PostRounding>(bus, row, rounded[i], "rounding");
        if (refused) return refused_row{row, *std::move(refused), rows.size() - i - 1};
        booked.add();
    }
    return std::nullopt;
}

}  // namespace

std::vector<refused_row> send_statement(stele::event_store& store, const statement_file& file,
                                        const import_options& options) {
    auto bus = make_bus(store);
    const auto accounts = rows_by_account(file);
    row_counter booked(options, file.rows.size());
    std::atomic<std::size_t> next = 0;
    std::mutex mutex;  // guards what follows
    std::map<std::size_t, refused_row> refused;
    std::exception_ptr failure;

    // Each worker takes the next free account. When one worker fails, the others only finish their current account.
    const auto work = [&] {
        try {
            for (std::size_t i = next++; i < accounts.size(); i = next++) {
                const auto row = send_account(bus, accounts[i], options.overdraft_limit, booked);
                const std::scoped_lock lock(mutex);
                if (row) refused.emplace(row->row.line, *row);
            }
        } catch (...) {
            next = accounts.size();
            const std::scoped_lock lock(mutex);
            if (!failure) failure = std::current_exception();
        }
    };
    {
        std::vector<std::jthread> workers;
        for (std::size_t i = 0; i < std::min(std::max<std::size_t>(options.threads, 1), accounts.size()); ++i)
            workers.emplace_back(work);
    }
    if (failure) std::rethrow_exception(failure);

    std::vector<refused_row> in_order;
    for (auto& [line, row] : refused) in_order.push_back(std::move(row));
    return in_order;
}

}  // namespace bank
