// The claim of a subscription in the store: whoever had it before can store nothing any more, whatever happened since.

#include "support/listener.hpp"
#include "support/projections.hpp"
#include "support/spy_store.hpp"
#include "support/stores.hpp"

#include <set>
#include <stdexcept>
#include <string>

using namespace testing;
using stele::position;
using stele::subscription_runner;
using positions = std::vector<std::uint64_t>;

namespace {

void append_changes(stele::event_store& store, int count) {
    for (int n = 0; n < count; ++n) append(store, 1, incremented(n));
}

}  // namespace

STORE_TEST_CASE(store, "one that sleeps through any number of claims before a write stores nothing any more") {
    append_changes(*store, 5);
    std::set<std::size_t> kept;
    for (const int takeovers : {1, 2, 4, 5, 6, 17}) {
        CAPTURE(takeovers);
        notebook slow_book, quick_book;
        slow_book.before = [](const auto& at) {
            if (at.position.value > 2) throw std::runtime_error("cannot");
        };
        spy_store racing{*store};
        subscription_runner slow{racing};
        slow.add(parking_listener{slow_book}, {.checkpoint_every = 4});
        bool is_taken = false;
        racing.before_append = [&] {
            if (slow_book.positions().size() < 2 || std::exchange(is_taken, true)) return;
            for (int i = 0; i < takeovers; ++i) {
                subscription_runner quick{*store};
                quick.add(parking_listener{quick_book});
                quick.catch_up();
            }
        };
        CHECK(error_of([&] { slow.catch_up(); }).kind == stele::error_kind::closed);
        CHECK(is_taken);
        CHECK(quick_book.positions() == positions{1, 2, 3, 4, 5});
        CHECK(store->list_documents("subscription_dead_letter").empty());
        subscription_runner next{*store};
        next.add(parking_listener{quick_book});
        CHECK(status_of(next).position == position{5});
        CHECK(status_of(next).applied == 5);
        kept.insert(store->list_documents("subscription_claim").size());
        CHECK(subscription_runner{*store}.remove("listener"));
    }
    CHECK(kept.size() == 1);  // they do not grow
}

STORE_TEST_CASE(store, "remove leaves no dead letter, whatever the runner that has the subscription does meanwhile") {
    bool is_past_the_last = false;
    for (int n = 1; !is_past_the_last; ++n) {
        CAPTURE(n);
        notebook book;
        book.before = [](const auto&) { throw std::runtime_error("cannot"); };
        append_changes(*store, 3);
        subscription_runner owner{*store};
        owner.add(parking_listener{book});
        owner.catch_up();
        append_changes(*store, 2);
        spy_store racing{*store};
        int calls = 0;
        const auto run = [&] {
            if (++calls != n) return;
            try {
                owner.catch_up();
            } catch (const stele::error& failure) {
                CHECK(failure.kind() == stele::error_kind::closed);
            }
        };
        racing.before_append = racing.after_append = racing.after_find = run;
        bool is_removed = false;
        try {
            is_removed = subscription_runner{racing}.remove("listener");
        } catch (const stele::error& failure) {
            CHECK(failure.kind() == stele::error_kind::closed);  // the owner has claimed it back
        }
        is_past_the_last = calls < n;
        if (is_removed && store->list_documents("subscription").empty())
            CHECK(store->list_documents("subscription_dead_letter").empty());
        subscription_runner{*store}.remove("listener");
        CHECK(store->list_documents("subscription_dead_letter").empty());
    }
}

STORE_TEST_CASE(store, "whatever is stored as a claim, the next one takes the subscription") {
    append_changes(*store, 3);
    notebook book;
    subscription_runner runner{*store};
    runner.add(listener{book});
    runner.catch_up();
    CHECK(book.take() == positions{1, 2, 3});
    const auto kept = store->list_documents("subscription_claim");
    for (std::size_t n = 0; n < kept.size() + 2; n += n < 4 || n + 4 > kept.size() ? 1 : 15) {
        CAPTURE(n);
        std::vector<stele::document_write> changes;
        if (n < kept.size())
            changes.push_back({"subscription_claim", kept[n].key, "", stele::document_action::remove});
        else if (n == kept.size())
            for (int byte = 0; byte < 256; ++byte)
                changes.push_back({"subscription_claim", std::string{"listener"} + '\0' + static_cast<char>(byte)});
        else
            changes.push_back({"subscription_claim", "listener", "no id"});
        REQUIRE(store->append({}, changes));
        subscription_runner next{*store};
        next.add(listener{book});
        next.reset<listener>({});
        next.catch_up();
        CHECK(book.take() == positions{1, 2, 3});
        CHECK(store->list_documents("subscription_claim").size() == kept.size());
    }
    CHECK(subscription_runner{*store}.remove("listener"));
}
