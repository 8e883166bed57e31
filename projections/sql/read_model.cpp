#include "projections/sql/sql_session.hpp"

#include <stele/eventstore/detail/own_file.hpp>
#include <stele/eventstore/error.hpp>
#include <stele/projections/sql/read_model.hpp>

#include <fmt/format.h>

namespace stele::inline v0 {

read_model::read_model(std::unique_ptr<detail::sql_session> session)
    : session_("this read_model", std::move(session)) {}
read_model::read_model(read_model&&) noexcept = default;
read_model& read_model::operator=(read_model&&) noexcept = default;
read_model::~read_model() = default;

read_model read_model::open_read_only(const std::filesystem::path& file, const connection_options& connection) {
    // The name may be a link that changes with each generation, so only the directory is settled.
    return read_model{detail::sql_session::reader(detail::absolute_name(file), connection)};
}

read_model read_model::in_memory() {
    return read_model{detail::sql_session::in_memory()};
}

void read_model::execute_script(std::string_view sql) {
    session_->execute_script(sql);
}

void read_model::attach(const std::filesystem::path& file, std::string_view name) {
    session_->attach(detail::absolute_name(file), name);
}

position read_model::checkpoint() {
    session_->db().expect_own_process();
    if (session_->is_in_memory())
        throw error{error_kind::invalid_argument,
                    "a read model in memory has no checkpoint: no projection_runner keeps it up to date"};
    // In an event store: that of the inline projection that is furthest behind.
    if (session_->is_among_events())
        return std::get<0>(query_one<std::optional<position>>("SELECT min(checkpoint) FROM stele_inline").value())
            .value_or(position{});
    if (const auto row = query_one<position>("SELECT checkpoint FROM stele_projection")) return std::get<0>(*row);
    throw error{error_kind::corrupt,
                fmt::format("{}: does not say whose read model it is; the file is damaged; rebuild "
                            "the projection",
                            session_->db().file())};
}

std::filesystem::path read_model::file() const {
    session_->db().expect_own_process();
    return session_->is_in_memory() ? ":memory:" : session_->db().file();
}

}  // namespace stele::inline v0
