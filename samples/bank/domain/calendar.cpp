#include "bank/domain/calendar.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace bank {
namespace {

using std::chrono::year_month_day;

// The number in [at, at + count). The caller has checked that all of it are digits.
int number(std::string_view text, std::size_t at, std::size_t count) {
    int value = 0;
    for (const char digit : text.substr(at, count)) value = value * 10 + (digit - '0');
    return value;
}

year_month_day parse(std::string_view text) {
    return {std::chrono::year{number(text, 0, 4)}, std::chrono::month{static_cast<unsigned>(number(text, 5, 2))},
            std::chrono::day{static_cast<unsigned>(number(text, 8, 2))}};
}

std::string format(year_month_day day) {
    return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()), static_cast<unsigned>(day.month()),
                       static_cast<unsigned>(day.day()));
}

}  // namespace

bool is_date(std::string_view text) {
    constexpr std::string_view form = "dddd-dd-dd";
    const auto fits = [](char c, char f) { return f == 'd' ? c >= '0' && c <= '9' : c == f; };
    return text.size() == form.size() && std::equal(text.begin(), text.end(), form.begin(), fits) && parse(text).ok();
}

std::string end_of_month(std::string_view date) {
    const auto day = parse(date);
    return format(day.year() / day.month() / std::chrono::last);
}

std::string days_after(std::string_view date, int days) {
    return format(std::chrono::sys_days{parse(date)} + std::chrono::days{days});
}

std::string months_after(std::string_view date, int months) {
    const auto day = parse(date) + std::chrono::months{months};
    return format(day.ok() ? day : day.year() / day.month() / std::chrono::last);
}

stele::timestamp start_of(std::string_view date) {
    return std::chrono::sys_days{parse(date)};
}

std::string day_of(stele::timestamp time) {
    return format(std::chrono::floor<std::chrono::days>(time));
}

}  // namespace bank
