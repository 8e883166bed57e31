#pragma once

#include "bank/read/daily_turnover.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace bank {

/// A chart of what went in and out in each month, as a picture: an SVG document, complete in itself.
/// Months that are not there (nothing was booked) have no bars, but keep their place.
std::string turnover_svg(const std::vector<month_turnover>& months, std::string_view title);

/// The text as it must be written between the tags of an XML document, or in its attributes. Characters that XML does
/// not have (control characters but tab and line ends) become "?".
std::string xml_escape(std::string_view text);

/// A round number of at least `largest` / `steps`, to divide an axis by: 1, 2 or 5 times a power of ten. At least 1.
money axis_step(money largest, int steps);

}  // namespace bank
