#include "board.hpp"
#include "notices.hpp"
#include "reminder.hpp"
// [top]
#include "repair.hpp"

#include <stele/stele.hpp>

#include <chrono>
#include <exception>
#include <filesystem>
#include <iostream>
#include <string>

using namespace workshop;
using namespace std::chrono_literals;

void show(const stele::command_result& result) {
    if (!result) {
        std::cout << result.error().message() << '\n';
    } else {
        std::cout << (result->repeated ? "repeated: " : "accepted: ") << result->stream.str() << " is at version "
                  << result->version.value << '\n';
    }
}
// [/top]

// [show_board]
void show_board(stele::read_model& db) {
    for (auto [repair, item, state] : db.query<std::string, std::string, std::string>("SELECT * FROM board"))
        std::cout << repair << ": " << item << ", " << state << '\n';
}
// [/show_board]

// [clock]
stele::timestamp in_eight_days() {
    return stele::system_time() + std::chrono::days{8};
}
// [/clock]

// [example]
// [send]
int main() try {
    std::filesystem::remove_all("data");  // each run of this example begins with an empty workshop
    std::filesystem::create_directory("data");

    auto store = stele::sqlite_store::open("data/workshop.db");
    stele::command_bus<repair> bus{store};
    show(bus.send(open_repair("17", "bicycle")));
    show(bus.send(finish_repair("18", 8000)));
    // [/send]

    // [query]
    stele::projection_runner read_models{store, "data/read"};
    read_models.add<board>();
    read_models.catch_up();
    auto db = stele::read_model::open_read_only("data/read/board.db");
    show_board(db);
    // [/query]
    // … it goes on in docs/getting-started.md
    // [/example]

    // [wait]
    read_models.start();
    if (const auto lamp = bus.send(open_repair("18", "lamp"))) {
        if (const auto seen = read_models.wait_for<board>(lamp->position, 2s); !seen)
            std::cout << seen.error().message() << '\n';
        show_board(db);
    }
    // [/wait]

    // [expected]
    const stele::version on_the_page{1};
    const stele::send_options seen{.expected = stele::expected_version::exactly(on_the_page)};
    show(bus.send(finish_repair("18", 8000), seen));
    show(bus.send(finish_repair("18", 6500), seen));
    // [/expected]

    // [history]
    stele::record_schemas<repair>(store);
    const stele::recorded_schemas schemas{store};
    for (const auto& event : store.read_stream(stele::stream_id{"repair-18"}).events())
        std::cout << event.version.value << ' ' << event.type << ' ' << schemas.to_json(event) << '\n';
    // [/history]

    // [as_of]
    const stele::repository<repair> repairs{store};
    const auto then = repairs.load("18", {.up_to = {1}});
    std::cout << "repair 18 at version 1: " << (then.state.open ? "open" : "not open") << '\n';
    const auto now = repairs.load("18");
    std::cout << "repair 18 now: " << (now.state.open ? "open" : "not open") << '\n';
    // [/as_of]

    // [paper]
    using std::chrono::sys_days;
    show(bus.send(open_repair("3", "clock"), {.metadata = {.occurred_at = sys_days{2024y / 5 / 6}}}));
    show(bus.send(finish_repair("3", 4500), {.metadata = {.occurred_at = sys_days{2024y / 5 / 20}}}));
    const auto in_may = repairs.load("3", {.occurred_up_to = sys_days{2024y / 5 / 10}});
    std::cout << "repair 3 on 10 May 2024: " << (in_may.state.open ? "open" : "not open") << '\n';
    // [/paper]

    // [streams]
    for (const auto& each : store.list_streams({.category = "repair"}))
        std::cout << each.stream << " has " << each.version.value << " events\n";
    // [/streams]

    // [process]
    stele::process_runner processes{store, {.now = in_eight_days}};
    processes.add<reminder>(bus);
    processes.catch_up();
    if (read_models.wait_for<board>(store.head(), 2s)) show_board(db);
    // [/process]

    // [notices]
    stele::subscription_runner subscriptions{store};
    subscriptions.add(notices{std::cout});
    subscriptions.catch_up();
    // [/notices]

    // [retry]
    const auto web_forms = *stele::uuid::parse("0f7d7c1e-6a3b-4b52-9d1f-3f6a1c2b5e90");
    const auto key = stele::make_idempotency_key(web_forms, "form 4711");
    show(bus.send(open_repair("19", "toaster"), {.idempotency_key = key}));
    show(bus.send(open_repair("19", "toaster"), {.idempotency_key = key}));
    // [/retry]
    // [end]
} catch (const std::exception& fault) {  // a stele::error says what to do
    std::cerr << fault.what() << '\n';
    return 1;
}
// [/end]
