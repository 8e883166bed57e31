// What is added to a runner while a call of it is under way.

#include "contract/handlers/destroyed_owner.hpp"
#include "support/listener.hpp"

using namespace testing;
using namespace testing::destroyed;

STORE_TEST_CASE(store, "projections and processes may be added while another thread catches up") {
    append(*store, 1, incremented(1));
    transfer_bus bus{*store};
    for (int round = 0; round < 10; ++round) {
        const temp_dir directory;
        stele::projection_runner projections{*store, directory.path};
        process_runner processes{*store};
        std::atomic<bool> is_over = false;
        std::jthread other{[&] {
            while (!is_over) {
                projections.catch_up();
                processes.catch_up();
                (void)projections.status();
                (void)processes.status();
            }
        }};
        projections.add<table>();
        projections.add<memory>();
        processes.add<echo>(bus);
        processes.add<transfer_process>(bus);
        is_over = true;
        other.join();
        projections.catch_up();
        processes.catch_up();
        CHECK(projections.status().size() == 3);  // and the effects
        CHECK(processes.status().size() == 2);
        for (const auto& status : projections.status()) CHECK(status.checkpoint == store->head());
    }
}

STORE_TEST_CASE(store, "subscriptions may be added while another thread catches up") {
    append(*store, 1, incremented(1));
    for (int round = 0; round < 10; ++round) {
        notebook book;
        stele::subscription_runner runner{*store};
        std::atomic<bool> is_over = false;
        std::jthread other{[&] {
            while (!is_over) {
                runner.catch_up();
                (void)runner.status();
            }
        }};
        runner.add(listener{book});
        is_over = true;
        other.join();
        runner.catch_up();
        CHECK(status_of(runner).position == store->head());
    }
}
