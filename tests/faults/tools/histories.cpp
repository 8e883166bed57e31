// The histories that are interrupted at every point.

#include "faults/tools/history.hpp"

using stele::expected_version;
using stele::version;

namespace {

constexpr auto none = expected_version::no_stream();
constexpr auto some = expected_version::stream_exists();
constexpr auto any = expected_version::any();

constexpr expected_version at(std::uint64_t number) {
    return expected_version::exactly(version{number});
}

step open() {
    return {step::kind::open};
}
step close() {
    return {step::kind::close};
}
step read() {
    return {step::kind::read};
}
step compact() {
    return {step::kind::compact};
}
step checkpoint() {
    return {step::kind::checkpoint};
}
step append(std::vector<planned_write> writes) {
    return {step::kind::append, std::move(writes)};
}
step burst(std::vector<planned_write> writes) {
    return {step::kind::burst, std::move(writes)};
}
step repeat(std::uint32_t number) {
    return {step::kind::repeat, {}, number};
}
step truncate_stream(std::string stream, std::uint64_t before) {
    return {step::kind::truncate, {{std::move(stream), some, {}}}, 0, version{before}};
}
step delete_stream(std::string stream) {
    return {step::kind::erase, {{std::move(stream), some, {}}}};
}
step tombstone_stream(std::string stream) {
    return {step::kind::tombstone, {{std::move(stream), some, {}}}};
}

}  // namespace

std::vector<step> small_history() {
    return {
        open(),
        append({{"order-1", none, {1}}}),               // 0
        append({{"order-1", at(1), {2, 0, 3}}}),        // 1
        append({{"account-1", any, {1, 1, 1, 1, 1}}}),  // 2
        append({{"order-1", none, {2}}}),               // 3: a conflict
        repeat(1),
        append({{"account-1", at(5), {1, 2}}, {"account-2", none, {0}}, {"order-1", some, {4}}}),  // 4
        append({{"account-1", at(7), {1}}, {"account-2", none, {1}}}),  // 5: a conflict of the second
        checkpoint(),
        append({{"order-1", at(5), {1, 1}}}),  // 6: restarts the WAL
        append({{"parcel-1", none, {5, 2}}}),  // 7
        burst({{"account-1", at(7), {1}},
               {"account-2", at(1), {2, 2}},
               {"account-1", at(8), {3}},
               {"x", none, {1}},
               {"account-2", at(1), {1}},
               {"parcel-1", some, {0, 0}}}),  // 8-13, 12 is a conflict
        read(),
        close(),
        open(),
        append({{"order-1", some, {1, 2, 3, 4, 1, 1, 1}}}),  // 14
        repeat(4),
        append({{"old-1", none, {2, 2}}}),  // 15
        append({{"old-1", at(2), {3}}}),    // 16
        append({{"old-2", none, {1, 4}}}),  // 17
        append({{"old-3", none, {2}}}),     // 18
        truncate_stream("old-1", 3),        // 19
        checkpoint(),
        delete_stream("old-2"),          // 20
        tombstone_stream("old-3"),       // 21
        append({{"old-2", none, {1}}}),  // 22: starts it again
        repeat(22),
        append({{"old-3", none, {1}}}),                             // 23: a conflict
        append({{"old-1", at(3), {1}}, {"account-3", none, {2}}}),  // 24
        compact(),
        append({{"account-1", some, {1}}}),  // 25
        read(),
        close(),
        open(),
        repeat(7),
        append({{"account-2", some, {6}}}),                              // 26
        append({{"parcel-2", none, std::vector<std::uint8_t>(40, 1)}}),  // 27
        close(),
    };
}

std::vector<step> large_history() {
    return {
        open(),
        append({{"film-1", none, {1, 7}}}),
        append({{"film-1", at(2), {7, 7}}}),
        append({{"film-2", none, {7, 1}}}),  // by now the WAL is large enough to be checkpointed
        append({{"film-2", at(2), {1}}}),    // restarts the WAL
        repeat(1),
        append({{"film-3", any, {6, 6}}, {"film-1", some, {1}}}),
        close(),
    };
}
