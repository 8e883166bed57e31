#include "bank/domain/calendar.hpp"
#include "bank/domain/money.hpp"

#include <doctest/doctest.h>

#include <limits>
#include <stdexcept>

using namespace bank;

TEST_CASE("money is written in the major unit") {
    CHECK(format_money(0) == "0.00");
    CHECK(format_money(5) == "0.05");
    CHECK(format_money(-5) == "-0.05");
    CHECK(format_money(123'450) == "1 234.50");
    CHECK(format_money(-99'999) == "-999.99");
    CHECK(format_money(100'000'000) == "1 000 000.00");
    CHECK(format_money(std::numeric_limits<money>::max()) == "92 233 720 368 547 758.07");
    CHECK(format_money(std::numeric_limits<money>::min()) == "-92 233 720 368 547 758.08");
}

TEST_CASE("money is read as it is written") {
    CHECK(parse_money("1234.50") == 123'450);
    CHECK(parse_money("1234.5") == 123'450);
    CHECK(parse_money("1234") == 123'400);
    CHECK(parse_money("0.05") == 5);
    CHECK(parse_money("92233720368547758.07") == std::numeric_limits<money>::max());
    for (const auto* bad : {"", ".", ".5", "5.", "1.234", "1,50", "-5", "+5", " 5", "5 ", "1.2.3", "five",
                            "92233720368547758.08", "99999999999999999999"})
        CHECK(parse_money(bad) == std::nullopt);
}

TEST_CASE("a sum that does not fit is an error") {
    constexpr auto highest = std::numeric_limits<money>::max();
    CHECK(add(highest - 1, 1) == highest);
    CHECK(add(highest, 1) == std::nullopt);
    CHECK(add(-highest, -2) == std::nullopt);
    CHECK(total(highest, -1) == highest - 1);
    CHECK_THROWS_AS(static_cast<void>(total(highest, 1)), std::overflow_error);
}

TEST_CASE("dates are days of the calendar") {
    for (const auto* good : {"1993-01-31", "2024-02-29", "2000-02-29", "0001-01-01", "9999-12-31"})
        CHECK(is_date(good));
    for (const auto* bad : {"", "1993-1-31", "1993-01-31 ", "1993/01/31", "1993-02-29", "1900-02-29", "1993-00-01",
                            "1993-01-00", "1993-04-31", "199a-01-01"})
        CHECK_FALSE(is_date(bad));
    CHECK(end_of_month("2024-02-01") == "2024-02-29");
    CHECK(days_after("2023-12-31", 1) == "2024-01-01");
    CHECK(days_after("2024-02-28", 2) == "2024-03-01");
    CHECK(months_after("2024-01-31", 1) == "2024-02-29");
    CHECK(months_after("2024-01-31", 2) == "2024-03-31");
    CHECK(months_after("2024-11-30", 3) == "2025-02-28");
    CHECK(day_of(start_of("2024-02-29")) == "2024-02-29");
    CHECK(day_of(start_of("2024-02-29") - std::chrono::microseconds{1}) == "2024-02-28");
}
