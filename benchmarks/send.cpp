#include "account.pb.h"
#include "benchmarks/scratch_directory.hpp"
#include "benchmarks/suites.hpp"
#include "benchmarks/workload.hpp"

#include <stele/command_bus.hpp>

#include <fmt/format.h>

#include <stdexcept>

namespace bench {
namespace {

namespace hana = boost::hana;

// So many that their streams hardly grow while commands are measured, each of which reads a stream.
constexpr std::size_t account_count = 20'000;

struct account {
    static constexpr auto category = "account";
    static constexpr auto events = hana::tuple_t<AccountOpened, MoneyDeposited>;
    static constexpr auto commands = hana::tuple_t<DepositMoney>;
    static std::string_view target(const auto& command) { return command.account(); }

    bool open = false;
    std::int64_t balance = 0;

    [[nodiscard]] stele::decision<account> decide(const DepositMoney& command) const;
    void evolve(const AccountOpened&) { open = true; }
    void evolve(const MoneyDeposited& event) { balance += event.amount(); }
};

MoneyDeposited deposited(std::int64_t amount, const std::string& reference) {
    MoneyDeposited event;
    event.set_amount(amount);
    event.set_reference(reference);
    return event;
}

stele::decision<account> account::decide(const DepositMoney& command) const {
    if (!open) return stele::reject("not_open", "there is no such account");
    return stele::accept(deposited(command.amount(), command.reference()));
}

// The deposits to be made in the turns; both sides make the same ones.
class deposits {
public:
    /// Makes a store in which every account is open and has nine deposits.
    deposits(const std::filesystem::path& file, std::size_t accounts) : versions_(accounts) {
        auto store = stele::sqlite_store::open(file, {.durability = stele::durability::normal});
        for (std::size_t i = 0; i < versions_.size(); ++i) {
            batch all{i, stream_of(i), {}, {stele::encode(AccountOpened{})}};
            while (all.events.size() < 10) all.events.push_back(stele::encode(deposited(1000, "salary")));
            append(store, all);
            versions_[i].value = all.events.size();
            check_interrupt();
        }
    }

    std::vector<DepositMoney> commands(std::size_t count) {
        std::vector<DepositMoney> result(count);
        for (auto& command : result) {
            command.set_account(std::string{stream_of(random_() % versions_.size()).id()});
            command.set_amount(static_cast<std::int64_t>(random_() % 100'000));
            command.set_reference(fmt::format("invoice {}, with thanks", random_() % 1'000'000));
        }
        return result;
    }

    /// The appends that such commands lead to.
    std::vector<batch> appends(std::size_t count) {
        std::vector<batch> result;
        for (const auto& command : commands(count)) {
            const auto number = static_cast<std::size_t>(std::stoul(command.account()));
            const stele::metadata about{.correlation_id = stele::uuid::v7().str()};
            result.push_back({number,
                              stream_of(number),
                              versions_[number],
                              {stele::encode(deposited(command.amount(), command.reference()), about)}});
            ++versions_[number].value;
        }
        return result;
    }

private:
    std::vector<stele::version> versions_;  // by account
    std::mt19937_64 random_{42};
};

}  // namespace

void measure_send(const settings& wanted, report& out, stele::durability durability) {
    const scratch_directory directory(wanted.directory);
    deposits sent(directory / "bus.db", wanted.amount(account_count));
    deposits appended(directory / "plain.db", wanted.amount(account_count));
    auto bus_store = stele::sqlite_store::open(directory / "bus.db", {.durability = durability});
    auto plain_store = stele::sqlite_store::open(directory / "plain.db", {.durability = durability});
    stele::command_bus<account> bus{bus_store};

    const auto sends = [&](benchmark::State& state) {
        const auto commands = sent.commands(static_cast<std::size_t>(state.max_iterations));
        auto next = commands.begin();
        for (auto _ : state)
            if (!bus.send(*next++)) throw std::runtime_error("a command that is fine was not accepted");
        state.SetItemsProcessed(state.iterations());
    };
    const auto appends = [&](benchmark::State& state) {
        const auto batches = appended.appends(static_cast<std::size_t>(state.max_iterations));
        auto next = batches.begin();
        for (auto _ : state) append(plain_store, *next++);
        state.SetItemsProcessed(state.iterations());
    };
    const auto figures = alternate({{"send", sends, 20}, {"append", appends, 20}}, wanted.turns());

    const std::string name = durability == stele::durability::full ? "send_warm" : "send_warm_normal";
    out.add(comparison{name + "_ratio", "commands/s", "send", figures[0], "append of the same events", figures[1]});
    out.add(name + "_commands_per_s", spread_of(figures[0]).median);
    out.add(name + "_floor_commands_per_s", spread_of(figures[1]).median);
}

}  // namespace bench
