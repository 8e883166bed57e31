#include "benchmarks/deposits.hpp"

#include "benchmarks/contest.hpp"
#include "benchmarks/filler.hpp"

#include <stele/codec/codec.hpp>
#include <stele/eventstore/metadata.hpp>
#include <stele/eventstore/sqlite/sqlite_store.hpp>

#include <fmt/format.h>

namespace bench {
namespace {

constexpr std::size_t events_before = 10;

}  // namespace

void open_accounts(const std::filesystem::path& file, std::size_t accounts) {
    auto store = stele::sqlite_store::open(file, {.durability = stele::durability::normal});
    for (std::size_t i = 0; i < accounts; ++i) {
        batch all{i, stream_of(i), {}, {stele::encode(AccountOpened{})}};
        while (all.events.size() < events_before) all.events.push_back(stele::encode(deposited(1000, "salary")));
        append(store, all);
        check_interrupt();
    }
}

deposits::deposits(std::size_t first_account, std::size_t accounts)
    : first_(first_account), versions_(accounts, stele::version{events_before}) {}

DepositMoney deposits::command() {
    return command_to(random_() % versions_.size());
}

DepositMoney deposits::command_to(std::size_t account) {
    DepositMoney result;
    const auto stream = stream_of(first_ + account);
    result.set_account(std::string{stream.instance_id()});
    result.set_amount(static_cast<std::int64_t>(random_() % 100'000));
    result.set_reference(fmt::format("invoice {}, with thanks", random_() % 1'000'000));
    return result;
}

std::vector<DepositMoney> deposits::commands(std::size_t count) {
    std::vector<DepositMoney> result;
    result.reserve(count);
    while (result.size() < count) result.push_back(command());
    return result;
}

batch deposits::to_append() {
    const auto sent = command();
    const auto number = static_cast<std::size_t>(std::stoul(sent.account()));
    const stele::metadata about{.correlation_id = stele::uuid::v7().str()};
    const stele::version after{versions_[number - first_].value++};
    return {number, stream_of(number), after, {stele::encode(deposited(sent.amount(), sent.reference()), about)}};
}

std::vector<batch> deposits::appends(std::size_t count) {
    std::vector<batch> result;
    result.reserve(count);
    while (result.size() < count) result.push_back(to_append());
    return result;
}

void make_deposits(const std::filesystem::path& file, std::size_t accounts, std::size_t events) {
    open_accounts(file, accounts);
    auto store = stele::sqlite_store::open(file, {.durability = stele::durability::normal});
    filler into(store);
    deposits data(0, accounts);
    for (std::size_t i = 0; i < events; ++i) into.add(data.to_append());
    into.finish();
}

}  // namespace bench
