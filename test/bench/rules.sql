-- The rules of rules.yaml as SQL, for DuckDB. A rule that touches a value that is absent gives nothing: a NULL in WHEN is not true.
WITH lead AS (
  SELECT created, won,
    numberofemployees AS employees, annualrevenue AS revenue, industry, country, jobtitle AS title, seniority, department, email, phone,
    origin AS source, company, string_split(web_technologies, ';') AS stack, num_visits AS visits, num_page_views AS pageviews,
    num_form_submissions AS forms, emails_opened AS opens, opted_out AS optedOut, budget
  FROM read_csv($FILE, header = true, columns = {
    'lead_id': 'VARCHAR', 'created': 'TIMESTAMP', 'company': 'VARCHAR', 'numberofemployees': 'BIGINT', 'annualrevenue': 'DOUBLE',
    'industry': 'VARCHAR', 'country': 'VARCHAR', 'jobtitle': 'VARCHAR', 'seniority': 'VARCHAR', 'department': 'VARCHAR', 'email': 'VARCHAR',
    'phone': 'VARCHAR', 'origin': 'VARCHAR', 'web_technologies': 'VARCHAR', 'num_visits': 'BIGINT', 'num_page_views': 'BIGINT',
    'num_form_submissions': 'BIGINT', 'emails_opened': 'BIGINT', 'opted_out': 'BOOLEAN', 'budget': 'DOUBLE', 'won': 'BOOLEAN'})
),
groups AS (
  SELECT *,
    (CASE WHEN employees >= 50 AND employees < 200 THEN 10 ELSE 0 END)
    + (CASE WHEN employees >= 200 AND employees <= 2000 THEN 20 ELSE 0 END)
    + (CASE WHEN employees < 5 THEN -10 ELSE 0 END)
    + (CASE WHEN revenue >= 10000000.0 THEN 10 ELSE 0 END)
    + (CASE WHEN industry = 'saas' THEN 10 ELSE 0 END)
    + (CASE WHEN industry IN ('finance', 'insurance', 'healthcare') THEN 5 ELSE 0 END)
    + (CASE WHEN country IN ('US', 'CA', 'GB', 'DE', 'FR') THEN 10 ELSE 0 END)
    + (CASE WHEN country = 'AQ' THEN -20 ELSE 0 END)
    + (CASE WHEN list_contains(stack, 'salesforce') OR list_contains(stack, 'hubspot') THEN 10 ELSE 0 END)
    + (CASE WHEN list_contains(stack, 'kubernetes') THEN 5 ELSE 0 END) AS a,
    (CASE WHEN seniority IN ('director', 'vp', 'cxo') THEN 20 ELSE 0 END)
    + (CASE WHEN seniority = 'manager' THEN 10 ELSE 0 END)
    + (CASE WHEN department = 'marketing' OR department = 'sales' THEN 10 ELSE 0 END)
    + (CASE WHEN department = 'operations' AND seniority <> 'intern' THEN 5 ELSE 0 END)
    + (CASE WHEN seniority = 'intern' OR starts_with(title, 'Student') THEN -15 ELSE 0 END)
    + (CASE WHEN ends_with(email, '@gmail.com') OR ends_with(email, '@yahoo.com') THEN -10 ELSE 0 END)
    + (CASE WHEN phone IS NOT NULL THEN 5 ELSE 0 END)
    + (CASE WHEN optedOut THEN -25 ELSE 0 END) AS b,
    (CASE WHEN visits >= 3 THEN 5 ELSE 0 END)
    + (CASE WHEN visits >= 10 THEN 10 ELSE 0 END)
    + (CASE WHEN pageviews > 20 THEN 10 ELSE 0 END)
    + (CASE WHEN forms >= 1 THEN 15 ELSE 0 END)
    + (CASE WHEN opens >= 5 AND NOT optedOut THEN 5 ELSE 0 END)
    + (CASE WHEN source = 'referral' OR source = 'event' THEN 10 ELSE 0 END)
    + (CASE WHEN budget IS NOT NULL AND budget >= 25000.0 THEN 10 ELSE 0 END) AS c
  FROM lead
),
scored AS (
  SELECT created, won,
    least(greatest(a, 0), 45) + least(greatest(b, 0), 40) + least(greatest(c, 0), 50) AS raw,
    company IS NOT NULL AND employees IS NOT NULL AND email IS NOT NULL AND source IS NOT NULL AS complete
  FROM groups
)
SELECT strftime(created, '%Y-%m') AS month, count(*) AS leads,
  count(*) FILTER (WHERE complete AND least(raw, 100) >= 65) AS mqls,
  count(*) FILTER (WHERE won) AS converted,
  count(*) FILTER (WHERE won AND complete AND least(raw, 100) >= 65) AS mqls_converted
FROM scored GROUP BY month ORDER BY month
