#pragma once

#include <stele/eventstore/event.hpp>

#include <string>
#include <string_view>

namespace bank {

/// Whether the text is a day of the calendar in the form YYYY-MM-DD. Such texts sort in the order of the days.
bool is_date(std::string_view text);

/// The last day of the month of `date`.
std::string end_of_month(std::string_view date);

/// The day `days` after `date`.
std::string days_after(std::string_view date, int days);

/// The same day `months` later; the last day of that month if it is shorter: a month after "2024-01-31" is
/// "2024-02-29".
std::string months_after(std::string_view date, int months);

/// The moment at which a day begins (UTC), and the day (UTC) of a moment.
stele::timestamp start_of(std::string_view date);
std::string day_of(stele::timestamp time);

}  // namespace bank
