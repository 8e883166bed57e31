// The headers can be included where `min` and `max` are macros, as some system headers make them. Compiling is the
// test.

#include <boost/hana/tuple.hpp>
#include <boost/hana/type.hpp>
#include <boost/hana/unpack.hpp>
#include <fmt/chrono.h>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <google/protobuf/message.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <future>
#include <limits>
#include <map>
#include <random>
#include <ranges>
#include <regex>
#include <set>
#include <span>
#include <sstream>
#include <thread>
#include <unordered_map>
#include <variant>

// NOLINTBEGIN(cppcoreguidelines-macro-usage, bugprone-reserved-identifier)
#define min(a, b) ((a) < (b) ? (a) : (b))  // NOLINT(readability-identifier-naming): theirs
#define max(a, b) ((a) < (b) ? (b) : (a))  // NOLINT(readability-identifier-naming): theirs
#include <stele/stele.hpp>
#include <stele/testing.hpp>
#undef min
#undef max
// NOLINTEND(cppcoreguidelines-macro-usage, bugprone-reserved-identifier)

#include <doctest/doctest.h>

TEST_CASE("the greatest version and position are what they are in any other source") {
    CHECK(stele::version::max().value == std::numeric_limits<std::int64_t>::max());
    CHECK(stele::position::max().value == std::numeric_limits<std::int64_t>::max());
}
