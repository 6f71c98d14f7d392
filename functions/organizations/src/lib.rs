//! Endpoints and scheduled jobs for organizations.

use padron_http::{BackgroundRegistration, Registration};

pub mod check_slug;
pub mod create_organization;
pub mod delete_organization;
pub mod export_organization;
pub mod get_organization;
pub mod list_events;
pub mod list_organizations;
pub mod purge_organizations;
pub mod restore_organization;
pub mod transfer_organization;
pub mod update_organization;

/// The endpoints of this package.
pub const ENDPOINTS: &[Registration] = &[
    Registration::of::<create_organization::CreateOrganization>(),
    Registration::of::<list_organizations::ListOrganizations>(),
    Registration::of::<check_slug::CheckSlug>(),
    Registration::of::<get_organization::GetOrganization>(),
    Registration::of::<update_organization::UpdateOrganization>(),
    Registration::of::<delete_organization::DeleteOrganization>(),
    Registration::of::<restore_organization::RestoreOrganization>(),
    Registration::of::<transfer_organization::TransferOrganization>(),
    Registration::of::<list_events::ListEvents>(),
    Registration::of::<export_organization::ExportOrganization>(),
];

/// The background functions of this package.
pub const BACKGROUND: &[BackgroundRegistration] =
    &[BackgroundRegistration::of_job::<purge_organizations::PurgeOrganizations>()];
