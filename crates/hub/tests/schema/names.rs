//! The seed's names: what other programs of the laboratory may rely on.

use crate::place::{Place, texts};

const COLUMNS: &[(&str, &str)] = &[
    (
        "auth.users",
        "id email username password first_name last_name is_active email_verified last_login_at created_at updated_at",
    ),
    ("auth.roles", "id name description permissions is_active created_at updated_at"),
    ("auth.user_roles", "user_id role_id assigned_at assigned_by"),
    (
        "auth.refresh_tokens",
        "id user_id token family device_info ip_address user_agent issued_at expires_at revoked_at revoked_by reused",
    ),
    ("auth.password_reset_tokens", "id user_id token expires_at used_at ip_address user_agent created_at"),
    ("auth.email_verification_tokens", "id user_id token expires_at used_at created_at"),
    ("auth.audit_logs", "id user_id action resource resource_id details ip_address user_agent created_at"),
    (
        "microplates.prediction_run",
        "id sample_no submission_no description predict_at annotated_image_path raw_image_path model_version status error_msg
         processing_time_ms confidence_threshold created_by created_at updated_at",
    ),
    ("microplates.row_counts", "id run_id counts created_at"),
    ("microplates.interface_results", "id run_id results created_at"),
    ("microplates.well_prediction", "id run_id well_id label class confidence bbox created_at"),
    (
        "microplates.image_file",
        "id run_id sample_no file_type file_name file_path file_size mime_type width height bucket_name object_key signed_url
         url_expires_at created_at",
    ),
    ("microplates.sample_summary", "sample_no summary total_runs last_run_at last_run_id created_at updated_at"),
    (
        "microplates.interface_file",
        "id sample_no file_name file_path file_size status generated_at delivered_at error_msg created_by created_at",
    ),
    ("microplates.system_config", "id key value description is_active created_at updated_at"),
    ("public.health_checks", "id service status message timestamp"),
    ("microplates.interface_data", "sample_no distribution total_runs last_run_at last_run_id"),
    (
        "microplates.prediction_run_details",
        "id sample_no predict_at status raw_image_url raw_image_expires_at annotated_image_url annotated_image_expires_at",
    ),
    // The tenancy of one database in place of one for each organization.
    ("auth.organizations", "org_id name status quotas created_at"),
    ("auth.memberships", "org_id user_id created_at"),
];

const INDEXES: &[&str] = &[
    "auth.idx_users_email",
    "auth.idx_users_username",
    "auth.idx_users_is_active",
    "auth.idx_refresh_tokens_user_id",
    "auth.idx_refresh_tokens_token",
    "auth.idx_refresh_tokens_family",
    "auth.idx_audit_logs_user_id",
    "auth.idx_audit_logs_created_at",
    "microplates.idx_prediction_run_sample_no",
    "microplates.idx_prediction_run_predict_at",
    "microplates.idx_prediction_run_status",
    "microplates.idx_prediction_run_created_by",
    "microplates.idx_row_counts_run_id",
    "microplates.idx_interface_results_run_id",
    "microplates.idx_well_prediction_run_id",
    "microplates.idx_well_prediction_well_id",
    "microplates.idx_well_prediction_class",
    "microplates.idx_image_file_run_id",
    "microplates.idx_image_file_sample_no",
    "microplates.idx_image_file_file_type",
    "microplates.idx_sample_summary_last_run_at",
    "microplates.idx_interface_file_sample_no",
    "microplates.idx_interface_file_status",
    "public.idx_health_checks_service",
    "public.idx_health_checks_timestamp",
    "microplates.idx_row_counts_counts_gin",
    "microplates.idx_interface_results_results_gin",
    "microplates.idx_well_prediction_bbox_gin",
    "microplates.idx_sample_summary_summary_gin",
];

#[tokio::test]
async fn tables_and_views_have_the_seeds_columns() -> anyhow::Result<()> {
    let place = Place::new().await?;
    for (table, columns) in COLUMNS {
        let found = texts(
            &place.superuser,
            &format!("SELECT attname::text FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0"),
        )
        .await?;
        for column in columns.split_whitespace() {
            assert!(found.iter().any(|name| name == column), "{table} has {column}");
        }
    }
    Ok(())
}

#[tokio::test]
async fn indexes_have_the_seeds_names_and_kinds() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let sql = "SELECT n.nspname || '.' || c.relname || CASE WHEN am.amname = 'gin' THEN ' gin' ELSE '' END
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_am am ON am.oid = c.relam WHERE i.indisvalid";
    let found = texts(&place.superuser, sql).await?;
    for index in INDEXES {
        let kind = if index.ends_with("_gin") { " gin" } else { "" };
        assert!(found.contains(&format!("{index}{kind}")), "{index}{kind} is there and valid");
    }
    let twice = "SELECT a.indexrelid::regclass || ' is ' || b.indexrelid::regclass FROM pg_index a
        JOIN pg_index b ON a.indrelid = b.indrelid AND a.indexrelid > b.indexrelid AND a.indkey = b.indkey
          AND a.indpred IS NOT DISTINCT FROM b.indpred AND a.indexprs IS NOT DISTINCT FROM b.indexprs
          AND a.indclass = b.indclass AND a.indoption = b.indoption
        JOIN pg_class c ON c.oid = a.indrelid WHERE c.relnamespace IN ('auth'::regnamespace, 'microplates'::regnamespace)";
    assert_eq!(texts(&place.superuser, twice).await?, Vec::<String>::new(), "nothing is indexed twice");
    Ok(())
}

#[tokio::test]
async fn functions_and_triggers_have_the_seeds_names() -> anyhow::Result<()> {
    let place = Place::new().await?;
    let sql = "SELECT t.tgrelid::regclass || ' ' || t.tgname || ' ' || t.tgfoid::regproc FROM pg_trigger t
        WHERE NOT t.tgisinternal AND t.tgenabled = 'O'";
    let found = texts(&place.superuser, sql).await?;
    for trigger in [
        "microplates.interface_results trg_upsert_sample_summary microplates.fn_upsert_sample_summary",
        "microplates.interface_results trg_notify_interface_results microplates.fn_notify_interface_results",
    ] {
        assert!(found.iter().any(|name| name == trigger), "{trigger} among {found:?}");
    }
    Ok(())
}
