#include "bank/tools/statement_generator.hpp"

#include "bank/domain/calendar.hpp"

#include <algorithm>
#include <fstream>
#include <random>
#include <stdexcept>

namespace bank {
namespace {

// The distributions of the standard library differ between machines; its engines do not.
class dice {
public:
    explicit dice(std::uint64_t seed) : engine_(seed) {}
    // Both inclusive.
    money between(money low, money high) {
        return low + static_cast<money>(engine_() % static_cast<std::uint64_t>(high - low + 1));
    }
    bool chance(int percent) { return between(1, 100) <= percent; }

private:
    std::mt19937_64 engine_;
};

struct customer {
    std::string account;
    std::string opens_on;
    std::string_view pay_kind;
    money pay, rent, insurance, loan;
    money pay_day, rent_day;
    money lowest;  // makes no payment that would take the balance below this
    int spends;    // the chance to spend something on a day, in percent
    money balance = 0;
};

customer make_customer(dice& roll, std::size_t index, const statement_plan& plan) {
    constexpr money koruna = 100;
    customer who{};
    who.account = std::to_string(1001 + index);
    who.opens_on = days_after(plan.first_day, static_cast<int>(roll.between(0, money{plan.months} * 12)));
    who.pay_kind = roll.chance(25) ? "pension" : "transfer_in";
    who.pay = roll.between(9'000, 42'000) * koruna;
    who.rent = who.pay * roll.between(20, 45) / 100 / koruna * koruna;
    who.insurance = roll.chance(30) ? roll.between(150, 900) * koruna : 0;
    who.loan = roll.chance(20) ? roll.between(1'000, 4'000) * koruna : 0;
    who.pay_day = roll.between(5, 14);
    who.rent_day = roll.between(1, 25);
    // Well within the bank's default overdraft limit.
    who.lowest = roll.chance(25) ? -500'000 : 0;
    who.spends = static_cast<int>(roll.between(8, 24));
    return who;
}

bool is_december(std::string_view day) {
    return day.substr(5, 2) == "12";
}

class bookkeeper {
public:
    explicit bookkeeper(const statement_plan& plan) : dice_(plan.seed) {
        for (std::size_t i = 0; i < plan.accounts; ++i) customers_.push_back(make_customer(dice_, i, plan));
    }

    void book_day(const std::string& day) {
        for (auto& who : customers_) {
            if (day < who.opens_on) continue;
            if (day == who.opens_on) {
                book(who, day, "cash_deposit", dice_.between(2, 60) * 10'000);
            } else {
                book_month(who, day);
                if (dice_.chance(is_december(day) ? who.spends * 3 / 2 : who.spends)) spend(who, day);
            }
            if (day == end_of_month(day)) close_month(who, day);
        }
    }

    std::vector<statement_row> rows() && { return std::move(rows_); }

private:
    void book(customer& who, const std::string& day, std::string_view kind, money amount) {
        who.balance += amount;
        rows_.push_back({rows_.size() + 2, who.account, day, std::to_string(500'001 + rows_.size()), find_kind(kind),
                         amount, who.balance});
    }

    void pay(customer& who, const std::string& day, std::string_view kind, money amount) {
        if (amount > 0 && who.balance - amount >= who.lowest) book(who, day, kind, -amount);
    }

    void book_month(customer& who, const std::string& day) {
        const money day_of_month = std::stoi(day.substr(8));
        if (day_of_month == who.pay_day) book(who, day, who.pay_kind, who.pay);
        if (day_of_month != who.rent_day) return;
        pay(who, day, "household_payment", who.rent);
        pay(who, day, "insurance_payment", who.insurance);
        pay(who, day, "loan_payment", who.loan);
    }

    void spend(customer& who, const std::string& day) {
        const money amount = who.pay * dice_.between(1, 24) / 100;
        if (dice_.chance(50)) return pay(who, day, "cash_withdrawal", amount / 10'000 * 10'000);
        pay(who, day, dice_.chance(60) ? "card_withdrawal" : "transfer_out", amount);
    }

    void close_month(customer& who, const std::string& day) {
        const money interest = who.balance / 400 / rounding_step * rounding_step;
        if (interest != 0) {
            book(who, day, interest > 0 ? "interest" : "penalty_interest", interest);
            if (dice_.chance(20)) round(who);
        }
        book(who, day, "fee", -1'460);
    }

    // Like a bank that keeps its books in tenths of a koruna and prints hundredths.
    void round(customer& who) {
        who.balance += dice_.chance(50) ? rounding_step : -rounding_step;
        rows_.back().balance = who.balance;
    }

    dice dice_;
    std::vector<customer> customers_;
    std::vector<statement_row> rows_;
};

}  // namespace

std::vector<statement_row> generate_statement(const statement_plan& plan) {
    bookkeeper books(plan);
    std::string day = plan.first_day;
    for (int month = 0; month < plan.months; ++month) {
        const std::string last_day = end_of_month(day);
        for (; day <= last_day; day = days_after(day, 1)) books.book_day(day);
    }
    return std::move(books).rows();
}

void write_statement_file(const std::filesystem::path& path, const std::vector<statement_row>& rows) {
    std::ofstream out(path, std::ios::binary | std::ios::trunc);
    out << statement_header << '\n';
    for (const auto& row : rows) out << to_csv(row) << '\n';
    out.close();
    if (!out) throw std::runtime_error(path.string() + ": cannot be written");
}

}  // namespace bank
