#pragma once

#include <string>
#include <string_view>

namespace bank {

/// Whether the text is a day of the calendar in the form YYYY-MM-DD. Such texts sort in the order of the days.
bool is_date(std::string_view text);

/// The last day of the month that `date` lies in.
std::string end_of_month(std::string_view date);

/// The day `days` after `date`.
std::string days_after(std::string_view date, int days);

}  // namespace bank
