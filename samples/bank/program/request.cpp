#include "bank/program/request.hpp"

#include "bank/domain/calendar.hpp"
#include "bank/program/chart.hpp"
#include "bank/program/demo.hpp"
#include "bank/program/progress.hpp"
#include "bank/program/report.hpp"
#include "bank/program/service_desk.hpp"
#include "bank/program/statement_text.hpp"
#include "bank/program/upkeep.hpp"
#include "bank/storage/ledger.hpp"
#include "bank/storage/read_models.hpp"

#include <stele/eventstore/uuid.hpp>

#include <fmt/format.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>

namespace bank {
namespace {

// A directory that is removed with this object.
struct temporary_directory {
    const std::filesystem::path path =
        std::filesystem::temp_directory_path() / ("bank-demo-" + stele::uuid::v7().str());

    temporary_directory() = default;
    temporary_directory(const temporary_directory&) = delete;
    temporary_directory& operator=(const temporary_directory&) = delete;
    ~temporary_directory() {
        std::error_code ignored;
        std::filesystem::remove_all(path, ignored);
    }
};

// Refuses to replace a file that is no picture, such as the ledger itself.
void expect_picture(const std::string& file) {
    std::error_code ignored;
    if (!std::filesystem::is_regular_file(file, ignored) || std::filesystem::is_empty(file, ignored)) return;
    constexpr std::string_view begin = "<?xml";
    std::string found(begin.size(), ' ');
    std::ifstream(file, std::ios::binary).read(found.data(), std::ssize(found));
    if (found != begin) throw refusal(file + ": exists and is no SVG file; give --svg another name");
}

std::string today_by_the_clock() {
    return day_of(std::chrono::floor<stele::timestamp::duration>(std::chrono::system_clock::now()));
}

}  // namespace

exit_code request::import() const {
    const auto result = import_with_progress(file, {data}, import_settings, out);
    print(describe(result, file));
    return result.reconciled.mismatched.empty() ? yes : no;
}

exit_code request::generate() const {
    const auto rows = generate_statement(plan);
    write_statement_file(file, rows);
    print(fmt::format("{}: {} on {}\n", file, counted(rows.size(), "transaction"), counted(plan.accounts, "account")));
    return yes;
}

exit_code request::demo() const {
    if (!data.empty()) return run_demo(data, out) ? yes : no;
    const temporary_directory directory;
    const bool reconciled = run_demo(directory.path, out);
    print("\nThis bank is removed now. To keep it and ask more questions: bank demo --data DIR\n");
    return reconciled ? yes : no;
}

exit_code request::balance() const {
    ledger ledger({data});
    print(balance_line(ledger, account, ink()));
    return yes;
}

exit_code request::statement() const {
    ledger ledger({data});
    print(statement_of(ledger.account_statement(), account, days, page, ink()));
    return yes;
}

exit_code request::audit() const {
    ledger ledger({data});
    print(audit_of(ledger.events(), account, as_of, ink()));
    return yes;
}

exit_code request::report() const {
    ledger ledger({data});
    if (svg.empty()) {
        print(report_of(ledger, ink()));
        return yes;
    }
    const auto months = turnover_by_month(ledger.daily_turnover());
    expect_picture(svg);
    std::ofstream picture(svg, std::ios::binary | std::ios::trunc);
    picture << turnover_svg(months, "Turnover by month");
    picture.close();
    if (!picture) throw refusal(svg + ": cannot be written");
    print(fmt::format("{}: turnover of {}\n", svg, counted(months.size(), "month")));
    return yes;
}

exit_code request::largest() const {
    auto events = open_events({data});
    table lines("lr");
    for (const auto& [number, balance] : ask_largest_accounts(events, {data}, count))
        lines.add({number, format_money(balance)});
    print(lines.str(ink()));
    return yes;
}

exit_code request::status() const {
    return show_status({data}, follow ? watch::until_interrupted : watch::until_settled, out) ? yes : no;
}

exit_code request::rebuild() const {
    rebuild_read_model({data}, name, diff, out);
    return yes;
}

exit_code request::order(const auto& function) const {
    auto store = open_events({data});
    record_schemas(store);
    service_desk desk(store, today.empty() ? today_by_the_clock() : today);
    const outcome outcome = function(desk);
    print(outcome.text);
    return outcome.done ? yes : no;
}

exit_code request::transfer() const {
    const auto id = name.empty() ? stele::uuid::v7().str() : name;
    return order([&](service_desk& desk) { return desk.transfer_money(id, account, target, *parse_money(amount)); });
}

exit_code request::standing_order() const {
    return order([&](service_desk& desk) {
        return desk.place_standing_order(name, account, target, *parse_money(amount), first_date);
    });
}

exit_code request::cancel() const {
    return order([&](service_desk& desk) { return desk.cancel_standing_order(name); });
}

exit_code request::run_due() const {
    return order([](service_desk& desk) { return desk.carry_out_due(); });
}

exit_code request::freeze() const {
    return order([&](service_desk& desk) { return desk.freeze(account, reason, actor); });
}

exit_code request::unfreeze() const {
    return order([&](service_desk& desk) { return desk.unfreeze(account, actor); });
}

}  // namespace bank
